/** When messages are signed: a setting of the home. */
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import { settingNames } from './network-profile.ts';
import type { SigningMode } from './types.ts';

const modes: readonly string[] = ['ratchet', 'checkpoint', 'always'] satisfies SigningMode[];

/** The mode of a home; `ratchet` where nothing was set. */
export function loadSigningMode(home: Home): SigningMode {
  const mode = home.settings.get(settingNames.signing) ?? 'ratchet';
  return isMode(mode) ? mode : 'ratchet';
}

/** @throws AgentError `BAD_REQUEST` for a mode that is none */
export function saveSigningMode(home: Home, mode: unknown): SigningMode {
  if (!isMode(mode)) {
    throw new AgentError(
      'BAD_REQUEST',
      'messages are signed in one of the modes ratchet, checkpoint, always',
      {
        hint: 'ratchet: only on request; checkpoint: one signature for many messages; always: each one.',
      },
    );
  }
  home.settings.set({ [settingNames.signing]: mode });
  return mode;
}

function isMode(mode: unknown): mode is SigningMode {
  return typeof mode === 'string' && modes.includes(mode);
}
