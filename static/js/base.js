/* What all scripts share. They are joined into one file and one scope, so each name at the top of one is unique. */

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
