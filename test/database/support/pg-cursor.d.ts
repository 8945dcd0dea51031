// The package has no types of its own.
declare module 'pg-cursor' {
  export default class Cursor {
    constructor(text: string, values?: readonly unknown[]);
    submit(connection: unknown): void;
    read(rows: number): Promise<unknown[]>;
    close(): Promise<void>;
  }
}
