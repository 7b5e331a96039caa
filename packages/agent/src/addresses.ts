/** Ports of listening addresses from one run to the next. */

const isWebSocket = (address: string): boolean => /\/ws(\/|$)/.test(address);
const kindOf = (address: string): string => `${address.split('/')[1]} ${isWebSocket(address)}`;
const portOf = (address: string): string => /\/tcp\/(\d+)/.exec(address)?.[1] ?? '';
const anyPort = /\/tcp\/0(?=\/|$)/;

/**
 * The addresses to listen on with the ports that were bound: port 0 becomes the port it got.
 * @param bound what the node says it is reached at: an unspecified address shows up once for each interface
 */
export function boundAddresses(wanted: readonly string[], bound: readonly string[]): string[] {
  const asked = new Set(wanted.map((address) => `${kindOf(address)} ${portOf(address)}`));
  const free = new Map<string, string[]>();
  for (const address of bound) {
    const [kind, port] = [kindOf(address), portOf(address)];
    const ports = free.get(kind) ?? [];
    if (!ports.includes(port) && !asked.has(`${kind} ${port}`)) free.set(kind, [...ports, port]);
  }
  return wanted.map((address) => {
    const port = anyPort.test(address) ? free.get(kindOf(address))?.shift() : undefined;
    return port === undefined ? address : address.replace(anyPort, `/tcp/${port}`);
  });
}

/** The same address with a port of the system's choice. */
export function withAnyPort(address: string): string {
  return address.replace(/\/tcp\/\d+/, '/tcp/0');
}
