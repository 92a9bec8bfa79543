/**
 * Searching the table of changes, in the browser. Values reach the page by `textContent` alone.
 * Without it the page still shows the first rows.
 */
export const PAGE_SCRIPT = `
'use strict';
(function () {
  var rows = JSON.parse(document.getElementById('changes').textContent);
  var finder = document.getElementById('finder');
  var table = finder.querySelector('table');
  var text = document.getElementById('find');
  var source = document.getElementById('find-source');
  var op = document.getElementById('find-op');
  var sensitive = document.getElementById('find-sensitive');
  var found = document.getElementById('found');
  var more = document.getElementById('more');
  var step = 50;
  var shown = table.tBodies.length;
  var matching = rows;
  var haystacks = rows.map(function (row) {
    return [row.name, row.source, row.entity, row.key].concat(
      row.fields.map(function (field) { return field.slice(0, 3).join(' '); })
    ).join(' ').toLocaleLowerCase();
  });

  function count(number) {
    return String(number).replace(/(\\d)(?=(?:\\d{3})+$)/g, '$1\\u202f');
  }
  function element(tag, className, content) {
    var made = document.createElement(tag);
    if (className) made.className = className;
    if (content !== undefined) made.textContent = content;
    return made;
  }
  function cell(label, className, value, isAbsent) {
    var made = element('td', className);
    made.dataset.label = label;
    if (isAbsent) made.append(element('span', 'null', 'not there'));
    else if (value === null) made.append(element('span', 'null', 'null'));
    else if (value === '') made.append(element('span', 'null', 'empty'));
    else made.textContent = value;
    return made;
  }
  function heading(row) {
    var made = element('th');
    made.scope = 'rowgroup';
    made.rowSpan = row.fields.length;
    var address = element('span', 'address', row.source + ' ' + row.entity.replace(/^main\\./, '') + ' ');
    address.append(element('b', '', row.key));
    made.append(element('span', 'name', row.name), address);
    return made;
  }
  function build(row) {
    var body = element('tbody', row.op);
    row.fields.forEach(function (field, index) {
      var line = element('tr', field[3] === 1 ? 'is-sensitive' : '');
      if (index === 0) line.append(heading(row));
      var name = element('td');
      name.dataset.label = 'Field';
      name.append(row.op === 'update' ? element('code', '', field[0]) : element('span', 'muted', field[0]));
      line.append(
        name,
        cell('Before', 'before', field[1], row.op === 'insert'),
        cell('After', 'after', field[2], row.op === 'delete')
      );
      body.append(line);
    });
    return body;
  }
  function show() {
    while (table.tBodies.length > 0) table.tBodies[0].remove();
    matching.slice(0, shown).forEach(function (row) { table.append(build(row)); });
    more.hidden = matching.length <= shown;
    found.textContent = matching.length === 0
      ? 'No record matches'
      : count(Math.min(shown, matching.length)) + ' of ' + count(matching.length)
        + (matching.length < rows.length ? ' matching records' : ' records');
  }
  function filter() {
    var words = text.value.toLocaleLowerCase().split(/\\s+/).filter(Boolean);
    matching = rows.filter(function (row, index) {
      return (source.value === '' || row.source === source.value)
        && (op.value === '' || row.op === op.value)
        && (!sensitive.checked || row.fields.some(function (field) { return field[3] === 1; }))
        && words.every(function (word) { return haystacks[index].includes(word); });
    });
    shown = step / 2;
    show();
  }
  finder.classList.add('ready');
  more.hidden = matching.length <= shown;
  finder.querySelector('form').addEventListener('submit', function (event) { event.preventDefault(); });
  [text, source, op, sensitive].forEach(function (control) { control.addEventListener('input', filter); });
  more.addEventListener('click', function () { shown += step; show(); });
  addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (one) { one.open = true; });
  });
})();
`
