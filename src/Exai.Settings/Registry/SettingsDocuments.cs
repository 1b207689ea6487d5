using System.Text;

namespace Exai.Settings;

/// <summary>The documents that come from the registry, so that no default stands in two places: <c>docs/settings.md</c> and <c>.env.example</c>.</summary>
public static class SettingsDocuments
{
    private static readonly string[] Sections =
        [SettingSections.Connection, SettingSections.Providers, SettingSections.Clocks, SettingSections.Concurrency, SettingSections.Operations];

    /// <summary><c>docs/settings.md</c>.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append(
            """
            # Settings

            <!-- Written from the registry in src/Exai.Settings. To change it, change the registry and run the settings tests with EXAI_UPDATE_DOCS=1. -->

            On one machine none is needed but a provider's key. A setting is looked for, in this order: on the command line, in the process environment, in the
            settings file, in the table below. The settings file is the one that `ENV_FILE` names, or else `$EXAI_HOME/.env`; a `.env` in the current folder is never read.

            - The file holds `NAME=VALUE` lines. Text after ` #` is a comment. Values may stand in single quotes (all literal) or double quotes (`\"` and `\\` are escapes).
            - `NAME=` without a value is the same as no line.
            - Booleans are `true`, `false`, `1`, `0`, `yes` or `no`. Lists are separated by commas. Seconds may have fractions and have no unit.
            - Paths may start with `~/` or `$EXAI_HOME`; a relative one is taken from the home, except `EXAI_HOME` and `ENV_FILE`, which are taken from the current folder.
            - All mistakes are reported at once. The daemon and the commands then end with exit code 2; the shim runs on and reports them in answer to tool calls.
            - `exai config` shows every value in effect, and where it came from.


            """);
        foreach (var section in Sections)
        {
            text.Append("## ").Append(section).Append("\n\n| name | unit | default | allowed | meaning |\n|---|---|---|---|---|\n");
            foreach (var definition in SettingsRegistry.All.Where(definition => definition.Section == section))
            {
                text.Append("| `").Append(definition.Name).Append("` | ").Append(definition.Unit)
                    .Append(" | ").Append(definition.Default is { } value ? $"`{value}`" : definition.DefaultNote)
                    .Append(" | ").Append(Allowed(definition))
                    .Append(" | ").Append(definition.Meaning.Replace("|", "\\|", StringComparison.Ordinal)).Append(OtherNames(definition)).Append(" |\n");
            }

            text.Append('\n');
        }

        AppendIgnored(text);
        return text.ToString().ReplaceLineEndings("\n");
    }

    /// <summary><c>.env.example</c>: every name with its default, all commented out.</summary>
    public static string EnvExample()
    {
        var text = new StringBuilder(
            """
            # Settings of EXAI. They stand in $EXAI_HOME/.env (Linux: ~/.local/state/exai/.env), and one line is enough to begin with:
            #
            #   GLM_API_KEY=your-key          or KIMI_API_KEY; models of OPENAI_API_KEY, OPENROUTER_API_KEY, DEEPSEEK_API_KEY are asked by name
            #
            # What people change next: DEFAULT_MODEL (who answers when nobody is named), EXAI_ALLOWED_ROOTS (further folders whose files may be read),
            # EXAI_WS_GLM_MAX_INFLIGHT and EXAI_WS_KIMI_MAX_INFLIGHT (requests at a time), TOOL_PROFILE (lean, standard, full), LOG_LEVEL.
            # 'exai restart' takes changes over while running calls go on; 'exai config' shows what is in effect, and where it came from.
            #
            # The rest of this file is for looking things up: every setting with its default. Take the '#' off what you change.
            # Written from the registry, as docs/settings.md is, which says more.

            """);
        foreach (var section in Sections)
        {
            text.Append("\n# ---- ").Append(section).Append(" ----\n");
            foreach (var definition in SettingsRegistry.All.Where(definition => definition.Section == section))
            {
                // A file cannot name the place where it is looked for.
                if (definition.Name is SettingNames.Home or SettingNames.EnvFile)
                {
                    text.Append("\n# ").Append(definition.Meaning).Append(" Set it in the environment.\n");
                }
                else
                {
                    text.Append("\n# ").Append(definition.Meaning).Append('\n');
                }

                if (definition.Default is null)
                {
                    text.Append("# Default: ").Append(definition.DefaultNote).Append('\n');
                }

                text.Append('#').Append(definition.Name).Append('=').Append(definition.Default).Append('\n');
            }
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static void AppendIgnored(StringBuilder text)
    {
        text.Append("## Ignored names\n\nThese are known and do nothing, so that old files and client configurations keep working; ")
            .Append("`exai config` lists those that are set.\n\n| because | names |\n|---|---|\n");
        foreach (var group in IgnoredSettings.All.GroupBy(pair => pair.Value, StringComparer.Ordinal))
        {
            text.Append("| ").Append(group.Key).Append(" | ").AppendJoin(", ", group.Select(pair => $"`{pair.Key}`")).Append(" |\n");
        }
    }

    private static string Allowed(SettingDefinition definition) => definition.Kind switch
    {
        SettingKind.Choice => string.Join(", ", definition.Choices),
        SettingKind.Bool => "true, false",
        SettingKind.Integer or SettingKind.Seconds or SettingKind.Number or SettingKind.Port => SettingText.Limits(definition),
        SettingKind.Secret when definition.Min is { } min => $"at least {min} characters",
        SettingKind.Url => "http or https address",
        SettingKind.List => "comma list",
        _ => "",
    };

    private static string OtherNames(SettingDefinition definition)
    {
        var also = definition.Aliases.Count == 0 ? "" : $" Also read as {Names(definition.Aliases)}.";
        return definition.DeprecatedAliases.Count == 0 ? also : $"{also} Deprecated name: {Names(definition.DeprecatedAliases)}.";
    }

    private static string Names(IReadOnlyList<string> names) => string.Join(", ", names.Select(name => $"`{name}`"));
}
