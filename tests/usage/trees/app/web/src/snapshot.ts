// raw_response is not sent to the browser
export interface Snapshot {
  id: number;
  rawResponse?: unknown;
}
