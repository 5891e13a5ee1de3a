import { registerShare } from './share.ts';

await registerShare(0);
