/** Where an issuer may be asked: web origins as text, and addresses of this very machine. */

/** True for the text of an http or https origin, exactly as `URL.origin` writes it. */
export function isWebOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === text;
}

const loopbackHosts = ['127.0.0.1', '[::1]', 'localhost'];

/** True for an http or https URL of a loopback address: what goes there leaves the machine for nobody to read. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && loopbackHosts.includes(url.hostname);
}
