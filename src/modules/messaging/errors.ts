import type { ErrorCatalogue } from '#platform/errors.ts';

export const messagingErrors = {
  WEBHOOK_NOT_FOUND: 'No webhook with this id is visible to the caller. List the webhooks for the valid ids.',
  WEBHOOK_NAME_TAKEN: 'A webhook of this name exists already. Choose another name.',
  WEBHOOK_LIMIT: 'The organization has as many webhooks as `messaging.webhooks.maxPerOrganization` allows. Delete one.',
  WEBHOOK_URL_REFUSED:
    'The address is not https, carries a password, or leads to this machine or a private network. Use a public https address, or set `messaging.webhooks.allowPrivateAddresses`.',
  WEBHOOK_TYPE_UNKNOWN: 'There is no event of this type. See /api/v1/events/schemas for the types.',
  DELIVERY_NOT_FOUND: 'No delivery with this id belongs to the webhook. List its deliveries for the valid ids.',
  DELIVERY_NOT_FINISHED: 'The delivery is still waiting or under way, so there is nothing to send again.',
} as const satisfies ErrorCatalogue;
