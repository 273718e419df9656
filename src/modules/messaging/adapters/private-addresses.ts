/** Addresses that a stranger must not make us call: this machine, its networks, and what routes nowhere public. */
import { BlockList, isIP } from 'node:net';

const refused = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  refused.addSubnet(network, bits, 'ipv4');
}

/** Of IPv6 only global unicast is public, without what wraps an IPv4 address or is for documentation. */
const publicSix = new BlockList();
publicSix.addSubnet('2000::', 3, 'ipv6');
const refusedSix = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  refusedSix.addSubnet(network, bits, 'ipv6');
}

/** True for an address that may be called. Anything that is no address may not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused.check(address, 'ipv4');
  if (family === 6) return publicSix.check(address, 'ipv6') && !refusedSix.check(address, 'ipv6');
  return false;
}
