package crash

var rustlang, native, kernel, windows = dialect{}, dialect{}, dialect{}, dialect{}
