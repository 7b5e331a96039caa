/** did:iota as text: `did:iota:<network>:<object id>`, without the network on mainnet. */
import { DidIotaError } from './errors.ts';
import type { DidNetwork } from './networks.ts';

const pattern = /^did:iota:(?:([a-z0-9]{1,8}):)?(0x[0-9a-f]{64})$/;
/** IOTA's main network, whose name is left out. */
const mainNetwork = 'iota';

/** The DID of an identity object on a network. @param objectId 0x and 64 hex digits */
export function iotaDidOf(network: DidNetwork, objectId: string): string {
  return network.name === mainNetwork ? `did:iota:${objectId}` : `did:iota:${network.name}:${objectId}`;
}

/**
 * The object id in a DID of `network`, written the one way: two texts for one identity would be two identities to those
 * who compare texts.
 * @throws DidIotaError `BAD_DID`, `WRONG_NETWORK`
 */
export function parseIotaDid(did: string, network: DidNetwork): string {
  const match = pattern.exec(did);
  const objectId = match?.[2];
  if (objectId === undefined) {
    throw new DidIotaError('BAD_DID', `this is not a did:iota: ${JSON.stringify(did.slice(0, 255))}`, {
      hint: 'It is did:iota:, a network, a colon, 0x and 64 hex digits.',
    });
  }
  const expected = iotaDidOf(network, objectId);
  if (did === expected) return objectId;
  throw new DidIotaError('WRONG_NETWORK', `${did} is not of the network ${network.name}`, {
    hint: `Only identities of the own network can be looked up: ${expected.slice(0, -objectId.length)}…`,
    data: { network: match?.[1] ?? mainNetwork, ours: network.name },
  });
}
