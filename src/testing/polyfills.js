// What browsers have and jsdom lacks.
const { TextDecoder, TextEncoder } = require('node:util');
const streams = require('node:stream/web');

// A MessageChannel on timers: Node's own keeps the process alive.
class TimerMessageChannel {
  constructor() {
    const end = () => ({ onmessage: null, postMessage() {}, close() {}, start() {} });
    this.port1 = end();
    this.port2 = end();
    const join = (from, to) => {
      from.postMessage = (data) => setTimeout(() => to.onmessage?.({ data }), 0);
    };
    join(this.port1, this.port2);
    join(this.port2, this.port1);
  }
}

class StillObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

Object.assign(globalThis, {
  TextDecoder,
  TextEncoder,
  ReadableStream: streams.ReadableStream,
  TransformStream: streams.TransformStream,
  WritableStream: streams.WritableStream,
  MessageChannel: TimerMessageChannel,
  ResizeObserver: StillObserver,
  IntersectionObserver: StillObserver,
});

globalThis.matchMedia ??= (query) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {},
});

// jsdom draws nothing; lists measure their text to be as wide as it.
HTMLCanvasElement.prototype.getContext = () => ({ measureText: (text) => ({ width: 8 * text.length }) });
