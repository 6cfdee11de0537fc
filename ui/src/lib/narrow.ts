// Whether the window is too narrow for three columns. CSS does the layout; this is for what moves to another place.

import { MediaQuery } from "svelte/reactivity";

export const narrow = new MediaQuery("max-width: 1099px");
