import { describe, expect, it } from 'vitest';
import { renderTemplate } from './display.ts';

const fields = {
  name: 'Rex',
  age: 3,
  tame: true,
  id: { id: '0x01' },
  none: null,
  list: [1],
  plate: {
    type: '0x2::a::B',
    fields: { number: 12, inner: { type: 't', variant: 'V', fields: { x: '5' } } },
  },
};

describe('display templates', () => {
  it('puts values in for paths', () => {
    const cases = {
      '{name} is {age}': 'Rex is 3',
      'https://x/{id}.png': 'https://x/0x01.png',
      '{plate.number}-{plate.inner.x}-{tame}-{none}': '12-5-true-',
      plain: 'plain',
      '': '',
      '\\{name\\} {name}': '{name} Rex',
      '{ open': '{ open',
      'a } b': 'a } b',
    };
    for (const [template, text] of Object.entries(cases))
      expect(renderTemplate(template, fields)).toEqual({ text });
  });

  it('says what cannot be shown', () => {
    for (const path of [
      'nothing',
      'list',
      'plate',
      'name.x',
      'plate.nothing',
      '',
      '__proto__',
      'a.'.repeat(20),
    ]) {
      expect(renderTemplate(`{${path}}`, fields), path).toHaveProperty('problem');
    }
  });
});
