// Writes run records into a storage account, as diagnostic settings do: one append blob an hour.
//
//     node writer.js CONNECTION COMMAND…
//
//     create CONTAINER…               makes containers
//     append CONTAINER AGO FILE PIECES  adds the lines of FILE to the blob of so many hours ago,
//                                     in so many appends, some of which end in the middle of a line
//     replace CONTAINER AGO FILE      deletes that blob and writes FILE in its place
//     put CONTAINER AGO FILE          the same as a block blob, in one go
//     delete CONTAINER AGO
//     sas CONTAINER                   prints a signature that may read and list for an hour

import { readFileSync } from 'node:fs';
import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';

const FACTORY = 'resourceId=/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG-CONTOSO/'
  + 'PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-CONTOSO';

const [connection, command, name, ...rest] = process.argv.slice(2);
const service = BlobServiceClient.fromConnectionString(connection);
const container = service.getContainerClient(name);

// The name of the blob of so many hours ago.
function blob(ago) {
  const [, year, month, day, hour] = new Date(Date.now() - ago * 3_600_000)
    .toISOString().match(/^(\d+)-(\d+)-(\d+)T(\d+)/);
  return `${FACTORY}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H.json`;
}

async function append(ago, file, pieces) {
  const client = container.getAppendBlobClient(blob(ago));
  await client.createIfNotExists();
  const text = readFileSync(file);
  const step = Math.ceil(text.length / pieces);
  for (let at = 0; at < text.length; at += step) {
    const piece = text.subarray(at, at + step);
    await client.appendBlock(piece, piece.length);
  }
}

const commands = {
  create: () => Promise.all([name, ...rest].map((it) => service.getContainerClient(it).create())),
  append: () => append(rest[0], rest[1], Number(rest[2] ?? 1)),
  replace: async () => {
    await container.deleteBlob(blob(rest[0]));
    await append(rest[0], rest[1], 1);
  },
  put: () => container.getBlockBlobClient(blob(rest[0])).uploadData(readFileSync(rest[1])),
  delete: () => container.deleteBlob(blob(rest[0])),
  sas: async () => {
    const url = await container.generateSasUrl({
      permissions: ContainerSASPermissions.parse('rl'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    console.log(new URL(url).search);
  },
};

await commands[command]();
