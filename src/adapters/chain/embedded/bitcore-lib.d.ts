/** What the embedded chain uses of bitcore-lib, which brings no types of its own. */
declare module 'bitcore-lib' {
  interface Script {
    toBuffer(): Buffer;
  }
  class Output {
    constructor(fields: { satoshis: number; script: Buffer });
  }
  class Transaction {
    inputs: { output: Output }[];
    fromBuffer(bytes: Buffer): Transaction;
    static Output: typeof Output;
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
  };
  export default bitcore;
}
