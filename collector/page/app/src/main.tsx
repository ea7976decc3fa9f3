import "./style.css";
import "./clips.css";
import { render } from "preact";
import { Shell } from "./Shell";

const root = document.getElementById("page");
if (root) render(<Shell />, root);
