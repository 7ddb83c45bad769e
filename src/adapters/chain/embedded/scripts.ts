/** Runs an input's scripts for real, through bitcore-lib's interpreter. Slow: a cache stands before it. */
import bitcore from 'bitcore-lib';
import type { Transaction, TxOutput } from '../../../core/bitcoin/index.js';
import { type Bytes, concat } from '../../../core/bytes/index.js';
import { schnorrVerify, verify } from '../../../core/crypto/index.js';

const { Interpreter } = bitcore.Script;

/** What a block must satisfy. */
export const CONSENSUS_FLAGS =
  flag('P2SH') |
  flag('DERSIG') |
  flag('NULLDUMMY') |
  flag('CHECKLOCKTIMEVERIFY') |
  flag('CHECKSEQUENCEVERIFY') |
  flag('WITNESS') |
  flag('TAPROOT');

/** What a mempool asks on top. Without CLEANSTACK, which the library gets wrong outside witnesses. */
export const STANDARD_FLAGS =
  CONSENSUS_FLAGS |
  flag('STRICTENC') |
  flag('LOW_S') |
  flag('MINIMALDATA') |
  flag('MINIMALIF') |
  flag('NULLFAIL') |
  flag('WITNESS_PUBKEYTYPE') |
  flag('CONST_SCRIPTCODE') |
  flag('DISCOURAGE_UPGRADABLE_NOPS') |
  flag('DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM') |
  flag('DISCOURAGE_UPGRADABLE_TAPROOT_VERSION') |
  flag('DISCOURAGE_OP_SUCCESS') |
  flag('DISCOURAGE_UPGRADABLE_PUBKEYTYPE');

function flag(name: string): number {
  const value = Interpreter[`SCRIPT_VERIFY_${name}`];
  if (value === undefined) throw new Error(`bitcore-lib knows no flag ${name}`);
  return value;
}

const buffer = (bytes: Bytes): Buffer => Buffer.from(bytes);

type Ecdsa = InstanceType<typeof bitcore.Transaction>['checkEcdsaSignature'];

/**
 * The library's script and its digest of BIP 143, on our curve: its own takes some 30 ms a
 * signature, so that a lab of many channels would wait for little else.
 */
function withFastCurve(
  tx: InstanceType<typeof bitcore.Transaction>,
): InstanceType<typeof bitcore.Transaction> {
  const slow: Ecdsa = tx.checkEcdsaSignature.bind(tx);
  tx.checkEcdsaSignature = (signature, publicKey, input, subscript, satoshis) => {
    const point = publicKey.toBuffer();
    const order = bitcore.crypto.Point.getN();
    const { r, s } = signature;
    // What is out of range or unusual is left to the library.
    if (point.length !== 33 || r.gte(order) || s.gte(order))
      return slow(signature, publicKey, input, subscript, satoshis);
    // Consensus knows no low s; the flag LOW_S was checked where it is asked for.
    const low = s.gt(order.shrn(1)) ? order.sub(s) : s;
    const compact = concat(r.toBuffer({ size: 32 }), low.toBuffer({ size: 32 }));
    const script = subscript.toBuffer();
    const code = new bitcore.encoding.BufferWriter().writeVarintNum(script.length).write(script);
    const amount = Buffer.alloc(8);
    amount.writeBigUInt64LE(BigInt(satoshis));
    const digest = bitcore.Transaction.SighashWitness.sighash(
      tx,
      signature.nhashtype,
      input,
      code.toBuffer(),
      amount,
    );
    return verify(compact, digest, point);
  };
  return tx;
}

/** The library's own refuses one signature in 256: where the key's first byte is zero. */
bitcore.crypto.Schnorr.verify = (point, digest, signature) => {
  const bytes = 'toBuffer' in signature ? signature.toBuffer() : signature;
  return schnorrVerify(bytes.subarray(0, 64), digest, point);
};

/** Nothing where every input's scripts hold, else the interpreter's name of the fault. */
export function verifyScripts(
  tx: Transaction,
  raw: Bytes,
  spent: readonly TxOutput[],
  flags: number,
): string | undefined {
  try {
    const parsed = withFastCurve(new bitcore.Transaction().fromBuffer(buffer(raw)));
    // Taproot's digest covers all the outputs spent.
    for (const [i, output] of spent.entries()) {
      (parsed.inputs[i] as { output: unknown }).output = new bitcore.Transaction.Output({
        satoshis: Number(output.amount),
        script: buffer(output.scriptPubkey),
      });
    }
    for (const [i, input] of tx.inputs.entries()) {
      const output = spent[i] as TxOutput;
      const interpreter = Interpreter();
      const holds = interpreter.verify(
        bitcore.Script.fromBuffer(buffer(input.scriptSig)),
        bitcore.Script.fromBuffer(buffer(output.scriptPubkey)),
        parsed,
        i,
        flags,
        input.witness.map(buffer),
        Number(output.amount),
      );
      if (!holds) return interpreter.errstr || 'SCRIPT_ERR_UNKNOWN';
    }
    return undefined;
  } catch (error) {
    // The library throws where bytes are no script, key or signature at all.
    return `SCRIPT_ERR_UNKNOWN (${(error as Error).message})`;
  }
}
