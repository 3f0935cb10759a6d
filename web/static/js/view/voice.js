// Recordings: played in a conversation, and made in the browser.

import { html, cls, useEffect, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { useMedium } from "./picture.js";
import { complain } from "./toasts.js";
import { length } from "../text/size.js";
import { words } from "../text/words.js";

/** A recording ends by itself after this time, in ms. */
const MOST_MS = 5 * 60_000;
/** Less was a slip of the finger. */
const LEAST_MS = 500;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

/** The one that plays; another one stops it. @type {HTMLAudioElement|null} */
let playing = null;

/** @param {{media: string, durationMs: number}} props */
export function Voice({ media, durationMs }) {
  const audio = useRef(/** @type {HTMLAudioElement|null} */ (null));
  const [wanted, setWanted] = useState(false);
  const [on, setOn] = useState(false);
  const [at, setAt] = useState(0);
  const url = useMedium(media, { wanted, onFail: () => { setWanted(false); complain(words.problems.offline); } });
  const whole = durationMs / 1000;
  useEffect(() => {
    if (url && wanted) audio.current?.play().catch(() => setOn(false));
  }, [url]);
  useEffect(() => () => audio.current?.pause(), []);

  const turn = () => {
    const el = audio.current;
    if (!wanted) setWanted(true);
    else if (el?.paused) el.play().catch(() => {});
    else el?.pause();
  };
  const onPlay = () => {
    if (playing !== audio.current) playing?.pause();
    playing = audio.current;
    setOn(true);
  };
  const seek = (/** @type {any} */ e) => {
    if (audio.current) audio.current.currentTime = Number(e.currentTarget.value);
    setAt(Number(e.currentTarget.value));
  };
  return html`
    <div class="voice" role="group" aria-label=${words.voiceMessage(length(durationMs))}>
      <button type="button" class="round" aria-label=${on ? words.pause : words.play} onClick=${turn}><${Icon} name=${on ? "pause" : "play"} /></button>
      <input type="range" aria-label=${words.position} aria-valuetext=${length(at * 1000)} min="0" max=${whole} step="0.1" value=${at} disabled=${!url} style=${{ "--part": whole ? at / whole : 0 }} onInput=${seek} />
      <span class="voice-length" aria-hidden="true">${length(on || at ? at * 1000 : durationMs)}</span>
      <audio ref=${audio} src=${url || undefined} preload="auto" onPlay=${onPlay} onPause=${() => setOn(false)}
        onTimeUpdate=${(/** @type {any} */ e) => setAt(Math.min(whole, e.currentTarget.currentTime))} onEnded=${() => { setOn(false); setAt(0); }}></audio>
    </div>
  `;
}

/** Can this browser record? */
export const records = () => Boolean(globalThis.MediaRecorder && navigator.mediaDevices);

/**
 * Records from when it is shown until it is sent or given up.
 * @param {object} props
 * @param {(sound: File, durationMs: number) => void} props.onDone
 * @param {() => void} props.onCancel
 */
export function Recorder({ onDone, onCancel }) {
  const [begun, setBegun] = useState(0);
  const [, tick] = useState(0);
  const send = useRef(/** @type {any} */ (null));
  /** @type {{current: {recorder: MediaRecorder, kept: boolean}|null}} */
  const now = useRef(/** @type {any} */ (null));

  useEffect(() => {
    let here = true;
    begin((started) => {
      if (!here) return started.stop();
      now.current = { recorder: started, kept: false };
      setBegun(Date.now());
      listen(started);
    });
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => {
      here = false;
      clearInterval(timer);
      if (now.current?.recorder.state === "recording") now.current.recorder.stop();
    };
  }, []);
  useEffect(() => send.current?.focus(), [begun]);

  /** @param {(r: MediaRecorder) => void} started */
  const begin = async (started) => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      started(new MediaRecorder(stream, { mimeType: KINDS.find((k) => MediaRecorder.isTypeSupported(k)), audioBitsPerSecond: 32_000 }));
    } catch {
      complain(words.noMicrophone);
      onCancel();
    }
  };
  /** @param {MediaRecorder} recorder */
  const listen = (recorder) => {
    const from = Date.now();
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = (e) => parts.push(e.data);
    recorder.onstop = () => {
      for (const track of recorder.stream.getTracks()) track.stop();
      if (!now.current?.kept) return;
      const type = recorder.mimeType.split(";")[0];
      onDone(new File(parts, "voice." + (type.split("/")[1] ?? "webm"), { type }), Date.now() - from);
    };
    recorder.start();
  };
  const end = () => {
    const one = now.current;
    if (!one || one.kept) return;
    if (Date.now() - begun < LEAST_MS) return onCancel();
    one.kept = true;
    one.recorder.stop();
  };
  const ms = begun ? Date.now() - begun : 0;
  useEffect(() => {
    if (ms >= MOST_MS) end();
  }, [ms >= MOST_MS]);
  return html`
    <div class="recorder" role="group" aria-label=${words.recording} onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Escape" && onCancel()}>
      <button type="button" class="quiet round" aria-label=${words.discard} title=${words.discard} onClick=${onCancel}><${Icon} name="trash" /></button>
      <p class=${cls("recorder-time", begun > 0 && "on")} role="timer" aria-label=${words.recording}>${length(ms)}</p>
      <button ref=${send} type="button" class="primary round send" aria-label=${words.sendVoice} title=${words.sendVoice} disabled=${!begun} onClick=${end}><${Icon} name="send" /></button>
    </div>
  `;
}
