<?php

// Verifies a webhook as Standard Webhooks says, with nothing but PHP's own `hash_hmac` and `hash_equals`. Where Composer is at hand, the
// package `standard-webhooks/standard-webhooks` does the same; the tests hold this file to the examples that the standard publishes.

declare(strict_types=1);

/** How far the sender's clock and ours may be apart, in seconds. What is older was recorded and is played again. */
const TOLERANCE = 300;

/**
 * Says what is wrong with a delivery, or null: it is from whoever has the secret, and from now.
 *
 * @param string $secret `whsec_…`
 * @param array{id: string, timestamp: string, signature: string} $headers `webhook-id`, `webhook-timestamp`, `webhook-signature`
 * @param string $body the bytes as they came
 * @param int $now seconds since 1970
 */
function what_is_wrong(string $secret, array $headers, string $body, int $now): ?string
{
    ['id' => $id, 'timestamp' => $timestamp, 'signature' => $signatures] = $headers;
    if ($id === '' || $timestamp === '' || $signatures === '') {
        return 'webhook-id, webhook-timestamp and webhook-signature must be there';
    }
    // Digits alone, so that nothing but the number that was signed is compared with the clock.
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs($now - (int) $timestamp) > TOLERANCE) {
        return 'webhook-timestamp is more than five minutes off';
    }
    $key = base64_decode(substr($secret, strlen('whsec_')), true);
    if (!str_starts_with($secret, 'whsec_') || $key === false || strlen($key) < 24) {
        throw new RuntimeException('WEBHOOK_SECRET must be whsec_ and base64 of at least 24 bytes');
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // While a secret is replaced there are two signatures, and `v1a` may be among them: one good `v1` is enough.
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return null;
        }
    }
    return 'no signature fits the secret';
}
