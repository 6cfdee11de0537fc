// A text as a file in the user's downloads, as a web page leaves one: the window may write no files itself.

export async function download(name: string, text: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has the blob by then, or never will.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
