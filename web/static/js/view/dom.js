// What views are written with.

import { h, render } from "../../vendor/preact.mjs";
import htm from "../../vendor/htm.mjs";

export { render };
export { Component, createContext } from "../../vendor/preact.mjs";
export { useContext, useEffect, useId, useLayoutEffect, useReducer, useRef, useState } from "../../vendor/hooks.mjs";

/** Markup as a template: text in it stays text. @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);

/** Class names, those that hold. @param {...(string|false|null|undefined)} names */
export const cls = (...names) => names.filter(Boolean).join(" ");
