// SPDX-License-Identifier: MIT
/* settings_image.c — every key of a configuration with its value, as texts */
#include "settings_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *path;
	char *value;
};

struct settings_image {
	struct entry *list;
	size_t n;
};

int settings_image_new(struct settings_image **ret)
{
	struct settings_image *image = calloc(1, sizeof(*image));

	if (!image)
		return -ENOMEM;
	*ret = image;
	return 0;
}

struct settings_image *settings_image_free(struct settings_image *image)
{
	if (!image)
		return NULL;
	for (size_t i = 0; i < image->n; i++) {
		free(image->list[i].path);
		free(image->list[i].value);
	}
	free(image->list);
	free(image);
	return NULL;
}

/* Two values are written alike if they mean the same: 1 and 1.0 do. */
static void write_value(FILE *f, const struct conf_node *v)
{
	switch (conf_node_type(v)) {
	case CONF_GROUP:
		fputs("{}", f);
		break;
	case CONF_LIST:
		for (size_t i = 0; i < conf_node_length(v); i++) {
			fputc(i == 0 ? '[' : ',', f);
			write_value(f, conf_node_at(v, i));
		}
		fputc(']', f);
		break;
	case CONF_INT:
		fprintf(f, "%lld", conf_node_int(v));
		break;
	case CONF_FLOAT:
		fprintf(f, "%.17g", conf_node_float(v));
		break;
	case CONF_BOOL:
		fputs(conf_node_bool(v) ? "true" : "false", f);
		break;
	case CONF_STRING:
		/* With its length no text can look like the end of itself. */
		fprintf(f, "%zu\"%s\"", strlen(conf_node_string(v)), conf_node_string(v));
		break;
	}
}

static char *value_text(const struct conf_node *v)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	write_value(f, v);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

int settings_image_add(struct settings_image *image, const char *group, const char *name,
		       const struct conf_node *v)
{
	struct entry *longer;
	struct entry entry;

	longer = reallocarray(image->list, image->n + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	image->list = longer;
	if (asprintf(&entry.path, "%s%s%s", group, group[0] ? "." : "", name) < 0)
		return -ENOMEM;
	entry.value = value_text(v);
	if (!entry.value) {
		free(entry.path);
		return -ENOMEM;
	}
	image->list[image->n++] = entry;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void settings_image_finish(struct settings_image *image)
{
	if (image->n > 0)
		qsort(image->list, image->n, sizeof(image->list[0]), by_path);
}

void settings_image_compare(const struct settings_image *a,
			    const struct settings_image *b,
			    void (*on_key)(void *ctx, const char *path), void *ctx)
{
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		const struct entry *x = &a->list[i], *y = &b->list[j];
		int order = i == a->n ? 1 : j == b->n ? -1 : strcmp(x->path, y->path);

		if (order != 0 || strcmp(x->value, y->value) != 0)
			on_key(ctx, order <= 0 ? x->path : y->path);
		i += order <= 0;
		j += order >= 0;
	}
}
