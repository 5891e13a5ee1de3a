/** Ids begin with what they name. */
export const idPrefixes = {
  movie: 'mov',
  theatre: 'thr',
  screen: 'scr',
  seatPlan: 'pln',
  show: 'shw',
  user: 'usr',
  session: 'ses',
  booking: 'bkg',
  quote: 'quo',
  payment: 'pay',
  refund: 'rfd',
  ticket: 'tkt',
  transfer: 'trf',
  message: 'msg',
  request: 'req',
} as const;

export type IdKind = keyof typeof idPrefixes;
