import type { Command } from './command.ts';

/** Both actions and terminal commands. Each is loaded alone, so that a command does not pay for another's code. */
export const actions: Readonly<Record<string, () => Promise<Command>>> = {
  apply: async () => (await import('./apply.ts')).apply as unknown as Command,
  list: async () => (await import('./list.ts')).list as unknown as Command,
  show: async () => (await import('./show.ts')).show as unknown as Command,
  'plan-show': async () => (await import('./plan-show.ts')).planShow as unknown as Command,
  report: async () => (await import('./report.ts')).report as unknown as Command,
  prune: async () => (await import('./prune.ts')).prune as unknown as Command,
  verify: async () => (await import('./verify.ts')).verify as unknown as Command,
  drill: async () => (await import('./drill.ts')).drill as unknown as Command,
  'backup-server': async () => (await import('./backup-server.ts')).backupServer as unknown as Command,
  'backup-volume': async () => (await import('./backup-volume.ts')).backupVolume as unknown as Command,
  'backup-image': async () => (await import('./backup-image.ts')).backupImage as unknown as Command,
  'export-secret': async () => (await import('./export-secret.ts')).exportSecret as unknown as Command,
  'restore-image': async () => (await import('./restore-image.ts')).restoreImage as unknown as Command,
  'restore-secret': async () => (await import('./restore-secret.ts')).restoreSecret as unknown as Command,
  'restore-server': async () => (await import('./restore-server.ts')).restoreServer as unknown as Command,
  'restore-volume': async () => (await import('./restore-volume.ts')).restoreVolume as unknown as Command,
};

const { 'plan-show': planShow, ...sameInATerminal } = actions;

export const commands: typeof actions = {
  ...sameInATerminal,
  'plan check': async () => (await import('./plan-check.ts')).planCheck as unknown as Command,
  'plan init': async () => (await import('./plan-init.ts')).planInit as unknown as Command,
  ...(planShow && { 'plan show': planShow }),
  dump: async () => (await import('./dump.ts')).dump as unknown as Command,
  'files list': async () => (await import('./files-list.ts')).filesList as unknown as Command,
  'files get': async () => (await import('./files-get.ts')).filesGet as unknown as Command,
  serve: async () => (await import('./serve.ts')).serve as unknown as Command,
  'store init': async () => (await import('./store-init.ts')).storeInit as unknown as Command,
  'store rekey': async () => (await import('./store-rekey.ts')).storeRekey as unknown as Command,
  unlock: async () => (await import('./unlock.ts')).unlock as unknown as Command,
};
