import { isIPv6 } from 'node:net';

/** So many groups of an IPv6 address are its network. */
const networkGroups = 4;
const groupsInAll = 8;

/**
 * Whose an address is, for limits: of IPv6 its network of 64 bits, which is the least that anybody is given (RFC 6177), so that whoever
 * has one has 2^64 addresses; of IPv4 the address, also where it is written as one of IPv6. Other text is left as it is.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const inIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (inIpv4 !== undefined) return inIpv4;
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  // The last two groups may be written as an address of IPv4.
  const written = before.length + after.length + (address.includes('.') ? 1 : 0);
  const groups = [...before, ...Array.from({ length: groupsInAll - written }, () => '0'), ...after];
  const network = groups.slice(0, networkGroups).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
