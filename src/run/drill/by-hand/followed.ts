import type { Manifest } from '../../../manifest/schema.ts';
import { type Commands, commandsIn } from '../../../runbook/commands.ts';
import type { Drilling } from '../level.ts';
import { trustedRunbook } from './runbook.ts';

/** The commands of the restore point's own `RESTORE.md`, and the manifest that it is made from. */
export async function followed({
  context,
  given,
  subject,
}: Drilling): Promise<{ readonly manifest: Manifest; readonly commands: Commands }> {
  const { manifest, text } = await trustedRunbook(context, given, subject);
  return { manifest, commands: commandsIn(text, manifest) };
}
