// Where the screen comes from: beside this page, by whatever name and port the browser knows it.
"use strict";
const socket = new URL("socket", location.href);
socket.protocol = location.protocol === "https:" ? "wss:" : "ws:";
socket.search = "";
document.getElementById("terminal").dataset.sessionWebsocketUrl = socket.href;
// The terminal is made when the page has loaded, after this is told of it.
addEventListener("load", () =>
  setTimeout(() => document.querySelector(".xterm-helper-textarea")?.focus()));
