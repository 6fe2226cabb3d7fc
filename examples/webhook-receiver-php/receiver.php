<?php

// A CRM's receiver for Sayso's webhooks. It answers 204 once an event is stored and 401 to what it cannot verify. It shows nobody what it
// knows: `php receiver.php show` does, here. Set WEBHOOK_SECRET (whsec_…); DATABASE is a DSN of PDO, sqlite:crm.sqlite where it is not set.

declare(strict_types=1);

require __DIR__ . '/webhook.php';

const LARGEST = 256 * 1024; // bytes; an event has a few thousand

const TABLES = [
    'CREATE TABLE IF NOT EXISTS event (id VARCHAR(64) PRIMARY KEY, subject VARCHAR(64), body TEXT NOT NULL)',
    'CREATE TABLE IF NOT EXISTS consent (
        subject VARCHAR(64) NOT NULL, purpose VARCHAR(64) NOT NULL, email VARCHAR(320), status VARCHAR(16) NOT NULL,
        seq BIGINT NOT NULL, PRIMARY KEY (subject, purpose)
    )',
    'CREATE TABLE IF NOT EXISTS erased (subject VARCHAR(64) PRIMARY KEY)',
];

function database(): PDO
{
    $database = new PDO(getenv('DATABASE') ?: 'sqlite:crm.sqlite');
    $database->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
    foreach (TABLES as $table) {
        $database->exec($table);
    }
    return $database;
}

/** @return array{int, string} the status and the reason that the collector is answered */
function receive(): array
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST' || parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/webhooks') {
        return [404, 'POST /webhooks'];
    }
    $body = file_get_contents('php://input', length: LARGEST + 1);
    if (strlen($body) > LARGEST) {
        return [413, 'too large for an event'];
    }

    // 1. Verify before reading a word: the signature, which is over the bytes as they came, and the moment, within five minutes.
    $headers = [
        'id' => $_SERVER['HTTP_WEBHOOK_ID'] ?? '',
        'timestamp' => $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '',
        'signature' => $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '',
    ];
    $wrong = what_is_wrong((string) getenv('WEBHOOK_SECRET'), $headers, $body, time());
    if ($wrong !== null) {
        return [401, $wrong];
    }
    $event = json_decode($body, true, flags: JSON_THROW_ON_ERROR);

    // 2. "May I send to you?" It changes nothing.
    if ($event['type'] === 'endpoint.test') {
        return [204, ''];
    }

    // 3. All or nothing, and only then 204: what is acknowledged is on the disk. Whatever takes long (a mail, another system) is
    //    the work of a cron job that reads the table `event`; Sayso waits 15 seconds and then sends the event again.
    $database = database();
    $database->beginTransaction();
    store($database, $headers['id'], $event, $body);
    $database->commit();
    return [204, ''];
}

function store(PDO $database, string $webhook_id, array $event, string $body): void
{
    $run = function (string $sql, array $values) use ($database): PDOStatement {
        $statement = $database->prepare($sql);
        $statement->execute($values);
        return $statement;
    };
    $data = $event['data'];
    $subject = $data['subject']['id'];

    // 4. A delivery may come twice, under the same id. Once is enough. (Two at the same moment: the key refuses the second, which is
    //    answered 500 and comes again.)
    if ($run('SELECT 1 FROM event WHERE id = ?', [$webhook_id])->fetchColumn()) {
        return;
    }
    $run('INSERT INTO event VALUES (?, ?, ?)', [$webhook_id, $subject, $body]);

    // 5. The person is to be forgotten: whatever names them goes, and what was still on its way does not bring them back.
    $is_erased = (bool) $run('SELECT 1 FROM erased WHERE subject = ?', [$subject])->fetchColumn();
    if ($event['type'] === 'subject.erased' && !$is_erased) {
        $run('INSERT INTO erased VALUES (?)', [$subject]);
        $is_erased = true;
    }
    if ($is_erased) {
        $run("UPDATE event SET body = '' WHERE subject = ?", [$subject]);
        $run('DELETE FROM consent WHERE subject = ?', [$subject]);
        return;
    }

    // 6. A type that is not known here (yet) is kept and acknowledged.
    if (!str_starts_with($event['type'], 'consent.')) {
        return;
    }

    // 7. `given` is the only status that allows anything. An old event may come late, after a replay: the higher `seq` counts.
    $newest = $run('SELECT seq FROM consent WHERE subject = ? AND purpose = ?', [$subject, $data['purpose']])->fetchColumn();
    if ($newest !== false && (int) $newest >= $data['seq']) {
        return;
    }
    $run('DELETE FROM consent WHERE subject = ? AND purpose = ?', [$subject, $data['purpose']]);
    $run(
        'INSERT INTO consent VALUES (?, ?, ?, ?, ?)',
        [$subject, $data['purpose'], $data['subject']['email'], $data['status'], $data['seq']],
    );
}

/** What is known, as JSON: the newest status by address (or id) and purpose, and the ids of all events. */
function show(): void
{
    $database = database();
    $people = [];
    foreach ($database->query('SELECT COALESCE(email, subject) AS person, purpose, status FROM consent') as $row) {
        $people[$row['person']][$row['purpose']] = $row['status'];
    }
    $events = $database->query('SELECT id FROM event ORDER BY id')->fetchAll(PDO::FETCH_COLUMN);
    echo json_encode(['people' => (object) $people, 'events' => $events], JSON_THROW_ON_ERROR), "\n";
}

if (PHP_SAPI === 'cli') {
    if (($argv[1] ?? '') !== 'show') {
        fwrite(STDERR, "receiver: php -S localhost:8790 receiver.php, or: php receiver.php show\n");
        exit(1);
    }
    show();
    exit();
}
try {
    [$status, $reason] = receive();
} catch (Throwable $error) {
    // Not acknowledged, so it comes again. The reason is for our log alone, and says nothing about the person.
    error_log('receiver: ' . $error::class . ' at line ' . $error->getLine());
    [$status, $reason] = [500, 'not stored'];
}
http_response_code($status);
header('content-type: text/plain; charset=utf-8');
echo $reason;
