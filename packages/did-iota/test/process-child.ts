import { DidReader, didNetworkOf } from '../src/index.ts';

const network = didNetworkOf('0badcafe', `0x${'12'.repeat(32)}`);
const reader = new DidReader({ rpcUrl: 'http://127.0.0.1:1', network });
await reader.resolve(`did:iota:0badcafe:0x${'ab'.repeat(32)}`).catch(({ code }) => console.log(code));
