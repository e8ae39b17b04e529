// What nginx's own directives cannot say. nginx calls each of these by name from its configuration.
import fs from 'fs';

const MEMBER = 'member ', ANSWER = 'answer ';

// A worker whose master was killed would go on for ever, with members of long ago.
function end_with_master() {
  let master;
  try {
    master = Number(fs.readFileSync(ngx.prefix + 'nginx.pid', 'utf8'));
  } catch (error) {
    return; // it ends in good order
  }
  if (master !== process.ppid) {
    process.kill(process.pid, 'SIGKILL');
  }
}

// Evaluated once for each answer, when nginx asks whether to log it: '1' for yes.
function count(request) {
  const counts = ngx.shared.counts, told = request.variables;
  counts.incr(ANSWER + told.status, 1, 0);
  (told.upstream_addr || '').split(', ').forEach(function (address) {
    if (address.indexOf(':') > 0) { // else the name of the group: nobody was asked
      counts.incr(MEMBER + address, 1, 0);
    }
  });
  return told.is_told === '1' ? '1' : '';
}

// RFC 9110, 7.6.1: what an answer names in Connection ends here.
function strip_named(request) {
  const named = request.variables.upstream_http_connection;
  if (named) {
    named.split(',').forEach(function (name) {
      const field = name.trim().toLowerCase();
      if (field && field !== 'close' && field !== 'keep-alive' && field !== 'upgrade') {
        delete request.headersOut[field];
      }
    });
  }
}

// As the service has written it: a new worker does not know whether old ones still take requests.
function ready(request) {
  const body = fs.readFileSync(ngx.prefix + 'readiness.json', 'utf8');
  request.headersOut['Content-Type'] = 'application/json';
  request.return(JSON.parse(body).status === 'ok' ? 200 : 503, body);
}

// Prometheus's text format, under the names of scalelab.contracts.metric_names.
function metrics(request) {
  const members = JSON.parse(request.variables.members), lines = [];
  ngx.shared.counts.items().forEach(function (item) {
    if (item[0].startsWith(ANSWER)) {
      const status = item[0].slice(ANSWER.length);
      lines.push(`scalelab_requests_total{method="any",route="forwarded",status="${status}"} ${item[1]}`);
    } else {
      const member = members[item[0].slice(MEMBER.length)];
      if (member) {
        lines.push(`scalelab_member_requests_total{member="${member.name}"} ${item[1]}`);
      }
    }
  });
  Object.keys(members).forEach(function (address) {
    lines.push(`scalelab_member_up{member="${members[address].name}"} ${members[address].is_up ? 1 : 0}`);
  });
  request.return(200, lines.join('\n') + '\n');
}

export default { end_with_master, count, strip_named, metrics, ready };
