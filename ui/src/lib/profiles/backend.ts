// What the engine does for profiles: a part of `Backend`.

import type { Edit } from "../../generated/Edit";
import type { Remedy } from "../../generated/Remedy";
import type { SessionId } from "../../generated/SessionId";
import type { Taken } from "../../generated/Taken";

/** Every promise rejects with a `Problem`. What changes arrives as parts. */
export interface ProfilesBackend {
  /** Saves a session as a favourite; its name. With `workload`, a tunnel to a pod as one to the pod's workload. */
  saveSession(id: SessionId, workload: boolean): Promise<string>;
  /** Saves all that is open as one favourite; its name, which is this one or the next that is free. */
  saveOpen(name: string): Promise<string>;
  /** Starts what does not run of these profiles. One whose ports are taken is blocked, and says so in its part. */
  startProfiles(names: readonly string[]): Promise<void>;
  /** Ends what runs of these profiles; a blocked one is so no more. */
  stopProfiles(names: readonly string[]): Promise<void>;
  /** Starts a blocked profile with this done about one of its ports. What is saved stays as it is. */
  remedyProfile(name: string, forward: number, slot: number, remedy: Remedy): Promise<void>;
  /** Gives a profile the local ports and addresses that its sessions have. */
  keepProfile(name: string): Promise<void>;
  /** Changes one field of a profile; its name from now on. */
  editProfile(name: string, edit: Edit): Promise<string>;
  /** Adds a copy after a profile; its name. */
  duplicateProfile(name: string): Promise<string>;
  /** Puts a profile before another one; `null`: at the end. */
  placeProfile(name: string, before: string | null): Promise<void>;
  /** Removes a profile, which can be put back. Its sessions go on. */
  removeProfile(name: string): Promise<void>;
  /** Puts back the profile that was removed last, at its place. */
  undoRemoveProfile(): Promise<void>;
  /** Opens again what was open when the app ended. */
  reopen(): Promise<void>;
  /** Takes back the offer to open it again. */
  forgetLeftOpen(): Promise<void>;
  /** Which ports of a session that is over are taken, and what can be done about it; none if it could start now. */
  takenPorts(id: SessionId): Promise<Taken[]>;
  /** Starts a session anew in its own place; the new one, `null` if there is no such session. */
  startAgain(id: SessionId, slot: number, remedy: Remedy | null): Promise<SessionId | null>;
}
