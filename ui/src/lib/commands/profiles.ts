// Favourites and the other profiles: started, stopped and edited by their names.

import type { Command, Source } from "../commands";
import { savedLine } from "../words/profiles";
import { commands as say } from "../words/commands";

export const ofProfiles: Source = (app) =>
  [...app.parts.profiles.values()].flatMap((profile): Command[] => {
    const { name, run } = profile;
    const key = `profile/${name}`;
    const of = profile.forwards.map(savedLine).join(", ");
    return [
      { id: `${key}/toggle`, group: "profile", title: run.state === "open" ? say.stopProfile(name) : say.startProfile(name), of, run: () => app.keeping.toggle(profile) },
      { id: `${key}/edit`, group: "profile", title: say.editProfile(name), of, run: () => app.showProfiles(name) },
    ];
  });
