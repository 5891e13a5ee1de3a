import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether certificates can be made here; where not, says so loudly and leaves a skipped test, and with `CI=true` a failed one. */
export async function opensslOrSkip(what: string): Promise<boolean> {
  const version = await run('openssl', ['version']).then(
    ({ stdout }) => Number(/^OpenSSL (\d+)/.exec(stdout)?.[1] ?? 0),
    () => 0,
  );
  if (version >= 3) return true;
  const reason = 'openssl 3 is not on this machine; install the package openssl';
  console.error(`SKIPPED ${what}: ${reason}`);
  test(what, { skip: process.env['CI'] === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
  return false;
}

/** What a house has from Apple, made here: a certificate for a pass type, its key, and the authority that issued it; all in PEM. */
export interface PassCertificates {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** Files of the same. */
  readonly files: { readonly authority: string };
}

/** A certificate for passes, as Apple's authority issues it: RSA, with the pass type and the team in its subject. */
export async function newPassCertificates(
  directory: string,
  { passTypeId, teamId }: { readonly passTypeId: string; readonly teamId: string },
): Promise<PassCertificates> {
  const file = (name: string) => join(directory, name);
  const rsa = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const [authority, authorityKey] = [file('wwdr.pem'), file('wwdr.key')];
  await run('openssl', ['req', '-x509', ...rsa, '-subj', '/CN=WWDR', '-keyout', authorityKey, '-out', authority]);
  const subject = `/UID=${passTypeId}/CN=Pass Type ID: ${passTypeId}/OU=${teamId}/O=Riverside/C=GB`;
  const issued = ['-CA', authority, '-CAkey', authorityKey, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const [certificate, key] = [file('pass.pem'), file('pass.key')];
  await run('openssl', ['req', '-x509', ...rsa, '-subj', subject, ...issued, '-keyout', key, '-out', certificate]);
  const [certificateText, keyText, authorityText] = await Promise.all(
    [certificate, key, authority].map((name) => readFile(name, 'utf8')),
  );
  return {
    ...{ certificate: certificateText ?? '', key: keyText ?? '', authority: authorityText ?? '' },
    files: { authority },
  };
}

export interface Authority {
  /** The file of its certificate, in PEM. */
  readonly file: string;
  readonly keyFile: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function newAuthority(directory: string, name: string): Promise<Authority> {
  const [file, keyFile] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
  const named = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', keyFile, '-out', file];
  await run('openssl', ['req', '-x509', ...newKey, ...named]);
  return { file, keyFile };
}

/** A key and a certificate for a host name, signed by an authority; both in PEM. */
export async function newCertificate(
  directory: string,
  host: string,
  authority: Authority,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const [file, keyFile] = [join(directory, `${host}.pem`), join(directory, `${host}.key`)];
  const named = ['-subj', `/CN=${host}`, '-days', '1', '-keyout', keyFile, '-out', file];
  const signed = ['-CA', authority.file, '-CAkey', authority.keyFile, '-addext', `subjectAltName=DNS:${host}`];
  await run('openssl', [
    'req',
    '-x509',
    ...newKey,
    ...named,
    ...signed,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ]);
  return { key: await readFile(keyFile, 'utf8'), certificate: await readFile(file, 'utf8') };
}
