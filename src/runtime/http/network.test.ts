import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from './network.ts';

test('of IPv6 it is the network of 64 bits, however the address is written', () => {
  const same = ['2001:db8:0:7::1', '2001:DB8:0:7:ffff:ffff:ffff:ffff', '2001:0db8:0000:0007::', '2001:db8::7:1:2:3:4'];
  for (const address of same) assert.equal(networkOf(address), '2001:db8:0:7::/64', address);
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(networkOf('64:ff9b::192.0.2.33'), '64:ff9b:0:0::/64');
  assert.equal(networkOf('1:2:3:4:5:6:192.0.2.33'), '1:2:3:4::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
});

test('of IPv4 it is the address, also of one that came to a socket of IPv6; what is no address is itself', () => {
  assert.equal(networkOf('192.0.2.1'), '192.0.2.1');
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(networkOf('::FFFF:192.0.2.2'), '192.0.2.2');
  for (const other of ['gateway', '', 'unknown', '::gg']) assert.equal(networkOf(other), other);
});
