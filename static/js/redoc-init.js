"use strict";

const target = document.getElementById("redoc");
const fontFamily = "system-ui, sans-serif"; // ReDoc's own are Google's

document.body.style.margin = 0;
Redoc.init(
  target.dataset.schema,
  { theme: { typography: { fontFamily, headings: { fontFamily } } } },
  target,
);
