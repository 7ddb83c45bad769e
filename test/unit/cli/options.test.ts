import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daemonConfig } from '../../../src/cli/config.js';
import { gatherOptions, OptionError } from '../../../src/cli/option-parser.js';
import { options } from '../../../src/cli/option-table.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'levin-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const read = (...args: string[]) => {
  const { given, places } = gatherOptions([`--lightning-dir=${dir}`, ...args]);
  return daemonConfig(given, places, 'v0');
};

describe('the options of lightningd', () => {
  it('lay everything out under the directory and the network', () => {
    const config = read('--network=regtest');
    expect(config.places).toEqual({
      network: 'regtest',
      lightningDir: dir,
      networkDir: join(dir, 'regtest'),
      rpcFile: join(dir, 'regtest', 'lightning-rpc'),
    });
    expect(config.storeFile).toBe(join(dir, 'regtest', 'lightningd.sqlite3'));
    expect(config.hsmSecretFile).toBe(join(dir, 'regtest', 'hsm_secret'));
    expect(config.pidFile).toBe(join(dir, 'lightningd-regtest.pid'));
  });

  it('are careful on mainnet and quick where testing is cheap', () => {
    const { node } = read();
    expect([node.network, node.feeBaseMsat, node.cltvDelta, node.fundingConfirms]).toEqual([
      'bitcoin',
      1000,
      34,
      3,
    ]);
    const testing = read('--regtest').node;
    expect([testing.feeBaseMsat, testing.cltvDelta, testing.maxConcurrentHtlcs]).toEqual([
      1, 6, 483,
    ]);
  });

  it('come from the command line before the network file before the general file', () => {
    mkdirSync(join(dir, 'regtest'));
    writeFileSync(
      join(dir, 'config'),
      'network=regtest\nalias=general\nfee-base=1\ncltv-delta=10\n',
    );
    writeFileSync(join(dir, 'regtest', 'config'), '# ours\n\nalias = special\nfee-base=2\n');
    const { node } = read('--fee-base', '3');
    expect([node.network, node.alias, node.feeBaseMsat, node.cltvDelta]).toEqual([
      'regtest',
      'special',
      3,
      10,
    ]);
    expect(node.configs['fee-base']).toEqual({ value_int: 3, source: 'cmdline' });
    expect(node.configs['alias']).toEqual({
      value_str: 'special',
      source: `${join(dir, 'regtest', 'config')}:3`,
    });
  });

  it('take one file with --conf, which must be there', () => {
    writeFileSync(join(dir, 'config'), 'alias=general\n');
    writeFileSync(join(dir, 'other'), 'alias=other\n');
    expect(read(`--conf=${join(dir, 'other')}`).node.alias).toBe('other');
    expect(() => read(`--conf=${join(dir, 'none')}`)).toThrow('none: cannot be read (ENOENT)');
  });

  it('listen where they say, and announce what the world can reach', () => {
    const at = (...args: string[]) => {
      const { node } = read(...args);
      const text = ({ host, port }: { host: string; port: number }) => `${host} ${port}`;
      return [node.bindings.map(text), node.announced.map(text)];
    };
    expect(at()).toEqual([['0.0.0.0 9735'], []]);
    expect(at('--regtest', '--addr=127.0.0.1:7000')).toEqual([
      ['127.0.0.1 7000'],
      ['127.0.0.1 7000'],
    ]);
    expect(at('--addr=127.0.0.1:7000')).toEqual([['127.0.0.1 7000'], []]);
    expect(at('--bind-addr=[::1]:70', '--announce-addr=node.example')).toEqual([
      ['::1 70'],
      ['node.example 9735'],
    ]);
    expect(at('--addr=::')).toEqual([[':: 9735'], []]);
    expect(at('--addr=:80')).toEqual([['0.0.0.0 80'], []]);
    expect(at('--autolisten=false')).toEqual([[], []]);
    expect(at('--offline', '--addr=1.2.3.4')).toEqual([[], ['1.2.3.4 9735']]);
  });

  it('never show the password', () => {
    const config = read(
      '--bitcoin-rpcpassword=secret',
      '--bitcoin-rpcport=1',
      '--bitcoin-rpcclienttimeout=7',
    );
    expect(config.bitcoind).toEqual({
      network: 'bitcoin',
      rpcpassword: 'secret',
      rpcport: 1,
      timeoutMs: 7000,
    });
    expect(JSON.stringify(config.node.configs)).not.toContain('secret');
  });

  it('read levels of the log for parts of it', () => {
    expect(read('--log-level=debug', '--log-level=io:peer-02', '--log-file=log').log).toEqual({
      levels: [
        { level: 'debug', subsystem: '' },
        { level: 'debug', subsystem: 'peer-02' },
      ],
      files: [join(dir, 'bitcoin', 'log')],
      prefix: '',
      timestamps: true,
    });
  });

  it.each([
    [['--nonsense'], 'unknown option nonsense'],
    [['nonsense'], "what is 'nonsense'?"],
    [['--network=mars'], '--network=mars: one of'],
    [['--fee-base=-1'], '--fee-base=-1: a whole number from 0'],
    [['--fee-base=1e3'], '--fee-base=1e3'],
    [['--fee-base'], 'fee-base needs a value'],
    [['--offline=yes'], 'offline takes no value'],
    [['--autolisten=yes'], '--autolisten=yes: true or false'],
    [['--max-concurrent-htlcs=484'], 'from 1 to 483'],
    [['--addr=host:99999'], '--addr=host:99999'],
    [['--addr=autotor:127.0.0.1'], 'Tor'],
    [['--rgb=12345'], '--rgb=12345: six hex digits'],
    [['--alias', 'é'.repeat(17)], 'longer than 32 bytes'],
    [['--log-level=loud'], '--log-level=loud: one of'],
    [['--sendpay-compat=lnd'], 'seed or cln'],
    [['--dev-bitcoind-poll=1'], 'needs --developer'],
    [['--daemon'], '--daemon needs --log-file'],
    [['--dev-load-graph=none', '--developer'], '--dev-load-graph:'],
  ])('refuse %j', (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });

  it.each([
    ['nonsense=1', 'config:1: unknown option nonsense'],
    ['alias', 'config:1: alias needs a value'],
    ['\nlightning-dir=x', 'config:2: lightning-dir may stand on the command line only'],
    ['= 5', 'config:1: neither a name nor name=value'],
  ])('refuse a file with %j', (text, message) => {
    writeFileSync(join(dir, 'config'), text);
    expect(() => read()).toThrow(message);
  });

  it('--recover takes 32 bytes in hex, and shows them to nobody', () => {
    const secret = 'ab'.repeat(32);
    const config = read('--regtest', `--recover=${secret}`);
    expect(config.recover).toEqual(new Uint8Array(32).fill(0xab));
    expect(JSON.stringify(config.node.configs)).not.toContain(secret);
    expect(read('--regtest').recover).toBeUndefined();
    for (const bad of ['', 'ab', `${secret}00`, 'zz'.repeat(32)])
      expect(() => read('--regtest', `--recover=${bad}`)).toThrow('--recover: 32 bytes in hex');
  });

  it('any value of any option is taken, or refused by the name of the option', () => {
    const hostile = [
      ...['', ' ', '-1', '0', '65536', '9'.repeat(20), '1e3', 'NaN', '0x10', 'true', 'TRUE', '['],
      ...[':', '::', 'a:b', 'a:99999', 'é🦊', '\0', 'x'.repeat(300), '/', 'debug:', '__proto__'],
      ...['constructor', 'a,b', '=', '127.0.0.1:9735/foo', 'a b', '1.2.3.4:0'],
    ];
    for (const { name } of options as readonly { name: string }[])
      for (const value of hostile) {
        if (['lightning-dir', 'conf'].includes(name)) continue;
        try {
          read('--developer', '--log-file=x', `--${name}=${value}`);
        } catch (error) {
          expect(error, `${name}=${value}`).toBeInstanceOf(OptionError);
          expect((error as Error).message).toContain(name);
        }
      }
  });

  it.each([
    '--log-level=__proto__',
    '--announce-addr=é.example',
    '--announce-addr=a,b',
    `--addr=${'x'.repeat(300)}`,
  ])('refuse %s', (arg) => {
    expect(() => read(arg)).toThrow(OptionError);
  });
});
