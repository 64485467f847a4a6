// Reference vectors of MobileFaceNet, made with TensorFlow.js on its CPU backend.
//
//   node make_tfjs.mjs MODEL.json MODEL.bin FOLDER_WITH_PATTERNS NAME.json [--repaired]
//
// --repaired mends the TensorFlow.js graph itself, independently of models/convert: the ReLU fused
// into a depthwise convolution becomes a node of its own for the positive half alone, and the
// PReLU weights change sign.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const [topologyPath, weightsPath, folder, target, flag] = process.argv.slice(2);
const model = JSON.parse(readFileSync(topologyPath, 'utf8'));
const weights = readFileSync(weightsPath);
const specs = model.weightsManifest[0].weights;
const data = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length);
const SIDE = 112;

function repair() {
  const nodes = model.modelTopology.node;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const biasAdd = Buffer.from('BiasAdd').toString('base64');
  const slopes = new Set();
  for (const add of nodes.filter((node) => node.op === 'Add')) {
    const product = byName.get(add.input[1]);
    if (product.op !== 'Mul') continue;
    slopes.add(product.input[1]);
    const convolution = byName.get(add.input[0]);
    if (convolution.op !== 'FusedDepthwiseConv2dNative') continue;
    convolution.attr.fused_ops.list.s = [biasAdd];
    const relu = { name: `${convolution.name}/Relu`, op: 'Relu', input: [convolution.name], attr: add.attr };
    nodes.push(relu);
    add.input[0] = relu.name;
  }
  let offset = 0;
  for (const spec of specs) {
    const length = spec.shape.reduce((product, side) => product * side, 1);
    if (slopes.has(spec.name)) {
      const values = new Float32Array(data, offset, length);
      values.forEach((value, index) => { values[index] = -value; });
    }
    offset += 4 * length;
  }
  if (slopes.size !== 33) throw new Error(`repaired ${slopes.size} PReLUs`);
}

if (flag === '--repaired') repair();
await tf.setBackend('cpu');
const graph = await tf.loadGraphModel(tf.io.fromMemory({
  modelTopology: model.modelTopology, weightSpecs: specs, weightData: data,
}));
const cases = {};
for (const pattern of ['noise', 'waves', 'portrait']) {
  const pixels = readFileSync(join(folder, `${SIDE}-${pattern}.rgb`));
  const values = Float32Array.from(pixels, (pixel) => (pixel - 127.5) / 128);
  const output = graph.execute(tf.tensor4d(values, [1, SIDE, SIDE, 3]));
  cases[pattern] = {
    input_sha256: createHash('sha256').update(pixels).digest('hex'),
    embedding: Array.from(await output.data(), (value) => Number(value.toPrecision(9))),
  };
}
writeFileSync(target, JSON.stringify({
  model: basename(target, '.json'),
  made_with: `@tensorflow/tfjs ${tf.version.tfjs}, cpu`,
  source_sha256: createHash('sha256').update(weights).digest('hex'),
  side_px: SIDE, mean: 127.5, deviation: 128, stride: 1, cases,
}) + '\n');
