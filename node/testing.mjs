import testing from './lib/testing.js';

export const { Script, ScriptedServer } = testing;
