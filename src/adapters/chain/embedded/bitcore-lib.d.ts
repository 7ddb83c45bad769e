/** What the embedded chain uses of bitcore-lib, which brings no types of its own. */
declare module 'bitcore-lib' {
  interface Script {
    toBuffer(): Buffer;
  }
  class Output {
    constructor(fields: { satoshis: number; script: Buffer });
  }
  interface BigNumber {
    gt(other: BigNumber): boolean;
    gte(other: BigNumber): boolean;
    sub(other: BigNumber): BigNumber;
    shrn(bits: number): BigNumber;
    toBuffer(options: { size: number }): Buffer;
  }
  interface Signature {
    readonly r: BigNumber;
    readonly s: BigNumber;
    readonly nhashtype: number;
  }
  class Transaction {
    inputs: { output: Output }[];
    fromBuffer(bytes: Buffer): Transaction;
    checkEcdsaSignature: (
      signature: Signature,
      publicKey: { toBuffer(): Buffer },
      input: number,
      subscript: Script,
      satoshis: number,
    ) => boolean;
    static Output: typeof Output;
    static SighashWitness: {
      sighash(tx: Transaction, type: number, input: number, code: Buffer, amount: Buffer): Buffer;
    };
  }
  class BufferWriter {
    writeVarintNum(value: number): this;
    write(bytes: Buffer): this;
    toBuffer(): Buffer;
  }
  interface Interpreter {
    readonly errstr: string;
    verify(
      scriptSig: Script,
      scriptPubkey: Script,
      tx: Transaction,
      input: number,
      flags: number,
      witness: Buffer[],
      satoshis: number,
    ): boolean;
  }
  type Flags = Record<`SCRIPT_VERIFY_${string}`, number>;
  interface InterpreterFactory extends Flags {
    (): Interpreter;
  }
  const bitcore: {
    Script: { fromBuffer(bytes: Buffer): Script; Interpreter: InterpreterFactory };
    Transaction: typeof Transaction;
    crypto: {
      Point: { getN(): BigNumber };
      Schnorr: {
        verify(point: Buffer, digest: Buffer, signature: Buffer | { toBuffer(): Buffer }): boolean;
      };
    };
    encoding: { BufferWriter: typeof BufferWriter };
  };
  export default bitcore;
}
