// The part of the seam to the engine by which profiles and tunnels come in from elsewhere, and are carried out.

import type { ContextChoice } from "../../generated/ContextChoice";
import type { CopyAs } from "../../generated/CopyAs";
import type { ImportChoices } from "../../generated/ImportChoices";
import type { Imported } from "../../generated/Imported";
import type { ImportPlan } from "../../generated/ImportPlan";
import type { ImportSource } from "../../generated/ImportSource";
import type { KubectlProcess } from "../../generated/KubectlProcess";
import type { SessionId } from "../../generated/SessionId";

export interface Carrying {
  /** What an import would do, with the answers to its questions about contexts. Nothing is kept. */
  planImport(source: ImportSource, contexts: ContextChoice[]): Promise<ImportPlan>;
  /** Imports, by what the user has decided. Nothing is started. */
  importProfiles(source: ImportSource, choices: ImportChoices): Promise<Imported>;
  /** This user's `kubectl port-forward` processes. */
  kubectlProcesses(): Promise<KubectlProcess[]>;
  /** Ends one of them and opens a tunnel on its local ports; `loopback`: for this machine only. */
  takeOver(process: KubectlProcess, loopback: boolean): Promise<SessionId>;
  /** What can be copied of a session. */
  copies(id: SessionId): Promise<CopyAs[]>;
  /** Profiles as JSON for others; all where none is named. */
  exportProfiles(names: string[]): Promise<string>;
  /** Leaves that in the user's downloads; in which file. */
  saveProfiles(names: string[]): Promise<string>;
}
