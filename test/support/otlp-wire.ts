import { PbfWriter } from "pbf";

/** OTLP/JSON requests as protobuf, field by field as the protocol numbers them: the other side of what is tested. */

type Json = Readonly<Record<string, unknown>>;
type Write = (value: Json, pbf: PbfWriter) => void;

const message = (pbf: PbfWriter, field: number, write: Write, value: unknown) => {
  pbf.writeMessage(field, write, value as Json);
};

const each = (pbf: PbfWriter, field: number, write: Write, values: unknown) => {
  for (const value of (values ?? []) as Json[]) message(pbf, field, write, value);
};

function writeValue(value: Json, pbf: PbfWriter): void {
  if (value["stringValue"] !== undefined) pbf.writeStringField(1, value["stringValue"] as string);
  else if (value["boolValue"] !== undefined) pbf.writeBooleanField(2, value["boolValue"] === true);
  else if (value["intValue"] !== undefined) pbf.writeVarintField(3, Number(value["intValue"]));
  else if (value["doubleValue"] !== undefined) pbf.writeDoubleField(4, Number(value["doubleValue"]));
  else if (value["arrayValue"]) message(pbf, 5, (list, to) => each(to, 1, writeValue, list["values"]), value["arrayValue"]);
  else if (value["kvlistValue"]) message(pbf, 6, (list, to) => each(to, 1, writeEntry, list["values"]), value["kvlistValue"]);
}

function writeEntry(entry: Json, pbf: PbfWriter): void {
  pbf.writeStringField(1, entry["key"] as string);
  message(pbf, 2, writeValue, entry["value"]);
}

function writeTime(pbf: PbfWriter, field: number, time: unknown): void {
  if (time !== undefined) pbf.writeFixed64Field(field, Number(time));
}

function writeId(pbf: PbfWriter, field: number, id: unknown): void {
  if (typeof id === "string") pbf.writeBytesField(field, Buffer.from(id, "hex"));
}

function writeEvent(event: Json, pbf: PbfWriter): void {
  writeTime(pbf, 1, event["timeUnixNano"]);
  pbf.writeStringField(2, event["name"] as string);
  each(pbf, 3, writeEntry, event["attributes"]);
}

function writeSpan(span: Json, pbf: PbfWriter): void {
  writeId(pbf, 1, span["traceId"]);
  writeId(pbf, 2, span["spanId"]);
  writeId(pbf, 4, span["parentSpanId"]);
  pbf.writeStringField(5, span["name"] as string);
  pbf.writeVarintField(6, 1);
  writeTime(pbf, 7, span["startTimeUnixNano"]);
  writeTime(pbf, 8, span["endTimeUnixNano"]);
  each(pbf, 9, writeEntry, span["attributes"]);
  each(pbf, 11, writeEvent, span["events"]);
  message(pbf, 15, (status, to) => to.writeVarintField(3, Number(status["code"] ?? 0)), span["status"] ?? {});
  pbf.writeFixed32Field(16, 257);
}

function writeLog(log: Json, pbf: PbfWriter): void {
  writeTime(pbf, 1, log["timeUnixNano"]);
  pbf.writeVarintField(2, 9);
  if (log["body"] !== undefined) message(pbf, 5, writeValue, log["body"]);
  each(pbf, 6, writeEntry, log["attributes"]);
  writeId(pbf, 9, log["traceId"]);
  writeId(pbf, 10, log["spanId"]);
  writeTime(pbf, 11, log["timeUnixNano"]);
  if (log["eventName"] !== undefined) pbf.writeStringField(12, log["eventName"] as string);
}

function writeBlock(block: Json, pbf: PbfWriter): void {
  message(pbf, 1, (resource, to) => each(to, 1, writeEntry, resource["attributes"]), block["resource"] ?? {});
  const write: Write = (scope, to) => {
    message(to, 1, () => {}, {});
    each(to, 2, writeSpan, scope["spans"]);
    each(to, 2, writeLog, scope["logRecords"]);
  };
  each(pbf, 2, write, block["scopeSpans"] ?? block["scopeLogs"]);
}

export function protobufOf(request: object): Uint8Array {
  const pbf = new PbfWriter();
  const { resourceSpans, resourceLogs } = request as Json;
  each(pbf, 1, writeBlock, resourceSpans ?? resourceLogs);
  return Buffer.from(pbf.finish());
}

export function framed(requests: readonly Uint8Array[], framing: "bare" | "fixed" | "varint"): Uint8Array {
  return Buffer.concat(
    requests.flatMap((bytes) => {
      if (framing === "bare") return [bytes];
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [framing === "fixed" ? length : varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarint(value);
  return Buffer.from(pbf.finish());
}
