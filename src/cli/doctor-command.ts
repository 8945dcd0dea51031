import type { Command } from './command.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check the set-up of a service',
  operands: '[folder]',
  maxOperands: 1,
  flags: {},
  notes: [],
  run: () => 0,
};
