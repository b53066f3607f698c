import { BlockList, isIP, isIPv6 } from "node:net";

const createList = (ranges: readonly (readonly [string, number])[]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, isIPv6(address) ? "ipv6" : "ipv4");
  return list;
};

const LOOPBACK = createList([
  ["127.0.0.0", 8],
  ["::1", 128],
]);

/** This host, neighbours on the link, groups of hosts, and the clouds' metadata services, which hand out credentials. */
const SURROUNDINGS = createList([
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
  ["::", 128],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
  // Amazon, Google, Oracle and Scaleway serve more than one such service each.
  ["fd00:ec2::", 32],
  ["fd20:ce::", 32],
  ["fd00:c1::", 32],
  ["fd00:42::", 32],
]);

/** Ranges of IPv6 whose addresses contain an address of IPv4. */
const EMBEDDING = createList([
  ["::", 96],
  ["::ffff:0:0", 96],
  ["::ffff:0:0:0", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["2001::", 32],
]);

const isIn = (list: BlockList, address: string): boolean => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");

export const isLoopbackAddress = (address: string): boolean => isIP(address) !== 0 && isIn(LOOPBACK, address);

/**
 * Whether a name may lead to an address. Private networks are open, because companies keep their registries there; addresses of the machine,
 * of its link and of its cloud are not, nor any that embed them.
 */
export const isReachableAddress = (address: string): boolean =>
  isIP(address) !== 0 && ![LOOPBACK, SURROUNDINGS, ...(isIPv6(address) ? [EMBEDDING] : [])].some((list) => isIn(list, address));
