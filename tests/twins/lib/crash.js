// Ends the page's process, as a fault of the browser does. Needs --js-flags=--allow-natives-syntax.
%SystemBreak();
