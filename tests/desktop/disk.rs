//! A disk that is full, and one that cannot be written: what the window says, and what goes on.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process::Command,
};

use portolan_tests::{Result, carries, site::Site};
use tempfile::TempDir;

use crate::{
    habits::shop,
    window::{Card, eventually},
};

/// A disk of 64 KiB. It goes when it is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None`, and a word of it, where this user may not mount one.
    fn mount() -> Result<Option<SmallDisk>> {
        let folder = tempfile::tempdir()?;
        let said = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path()).output();
        match said {
            Ok(said) if said.status.success() => return Ok(Some(SmallDisk(folder))),
            Ok(said) => eprintln!("left out: no small disk: {}", String::from_utf8_lossy(&said.stderr).trim()),
            Err(error) => eprintln!("left out: no small disk: {error}"),
        }
        Ok(None)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room on it.
    fn fill(&self) -> Result<()> {
        let mut file = File::create(self.path().join("filling"))?;
        loop {
            match file.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.path().join("filling"))?)
    }

    fn remount(&self, how: &str) -> Result<()> {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.path()).status()?;
        if done.success() { Ok(()) } else { Err(format!("the disk cannot be made {how}").into()) }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It goes for good when the last that has a file of it ends.
        match Command::new("umount").arg("--lazy").arg(self.path()).status() {
            Ok(done) if done.success() => {}
            failed => eprintln!("{} stays mounted: {failed:?}", self.path().display()),
        }
    }
}

/// Saves a tunnel that cannot be saved, and waits until that is said.
async fn is_refused(card: &Card<'_>, words: [&str; 2]) -> Result<()> {
    card.click("session-save").await?;
    let mut says = String::new();
    let told = eventually(format!("the card says “{}”", words.join("” and “")), async || {
        says = card.text("problem").await?;
        Ok(words.iter().all(|words| says.contains(words)).then_some(()))
    })
    .await;
    told.map_err(|error| format!("{error}: {says}"))?;
    assert_eq!(card.attribute("problem", "data-code").await?.as_deref(), Some("storage"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_disk_that_takes_nothing_loses_nothing_and_ends_no_tunnel() -> Result<()> {
    let Some(disk) = SmallDisk::mount()? else { return Ok(()) };
    let site = Site::demo().await?;
    let window = shop(disk.path(), &site).await?;
    let web = window.open_tunnel("chip-web-8080").await?;
    web.until("active").await?;
    let port = web.port().await?;
    web.click("session-save").await?;
    window.find("favourite-web").await?;
    let echo = window.open_tunnel("chip-web-7").await?;
    echo.until("active").await?;
    let profiles = disk.path().join("profiles.json");
    let before = fs::read_to_string(&profiles)?;
    let open = eventually("both are noted", async || {
        let open = fs::read_to_string(disk.path().join("open.json"))?;
        Ok((open.matches("svc/web").count() == 2).then_some(open))
    })
    .await?;

    disk.fill()?;
    is_refused(&echo, ["profiles.json: No space left", "Make room on that disk. Nothing was changed."]).await?;
    let says = echo.text("problem").await?;
    assert_eq!(says.matches(&disk.path().display().to_string()).count(), 1, "a file that nobody knows: {says}");
    window.photograph("disk-full").await?;
    assert_eq!(fs::read_to_string(&profiles)?, before);
    carries::http_get(port).await?;
    // A tunnel that cannot be noted opens all the same.
    let third = window.open_tunnel("chip-db-2525").await?;
    third.until("active").await?;
    carries::banner(third.port().await?).await?;
    let says = window.text("profiles-problem").await?;
    assert!(says.contains("open.json") && says.contains("offered again") && says.contains("Make room"), "{says}");
    window.photograph("disk-full-noted").await?;
    assert_eq!(fs::read_to_string(disk.path().join("open.json"))?, open);

    disk.remount("ro")?;
    is_refused(&echo, ["Cannot write", "Make the folder writable"]).await?;
    window.photograph("disk-read-only").await?;
    assert_eq!(fs::read_to_string(&profiles)?, before);
    carries::http_get(port).await?;

    disk.remount("rw")?;
    disk.make_room()?;
    echo.click("session-save").await?;
    window.css("[data-testid^=\"favourite-web \"], [data-testid=\"favourite-web 2\"]").await?;
    assert_ne!(fs::read_to_string(&profiles)?, before);
    carries::http_get(port).await?;
    // What is open is noted without another click, and then nothing is wrong any more.
    eventually("all three are noted", async || {
        let open = fs::read_to_string(disk.path().join("open.json"))?;
        Ok((open.matches("svc/").count() == 3).then_some(()))
    })
    .await?;
    eventually("the trouble is over", async || {
        Ok((window.count("[data-testid=\"profiles-problem\"]").await? == 0).then_some(()))
    })
    .await?;
    window.photograph("disk-with-room").await?;
    let left: Vec<_> = fs::read_dir(disk.path())?.collect::<io::Result<_>>()?;
    assert!(!left.iter().any(|file| file.file_name().to_string_lossy().starts_with(".tmp")), "{left:?}");
    window.close().await
}
