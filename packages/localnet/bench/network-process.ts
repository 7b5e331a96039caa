/** A network in a process of its own, as the one at the other end of HTTP always is. Prints what it serves. */
const importMs = performance.now();
const { startLocalnet } = await import('../src/index.ts');
const startMs = performance.now();
const network = await startLocalnet({ port: 0, faucetPort: 0 });
const answer = await fetch(network.rpcUrl, {
  method: 'POST',
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'iota_getChainIdentifier', params: [] }),
});
await answer.json();
console.log(
  JSON.stringify({
    rpcUrl: network.rpcUrl,
    faucetUrl: network.faucetUrl,
    importMs: startMs - importMs,
    startMs: performance.now() - startMs,
  }),
);
// The parent's end ends this process too.
process.stdin.resume().on('end', () => void network.stop().then(() => process.exit()));
