using System.CommandLine;
using System.Text.Json.Nodes;
using Exai.Cli.Doctor;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary><c>exai doctor</c>: walks every link from the client to the provider and names the broken one, its evidence and its mend.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var probe = new Option<bool>("--probe") { Description = "Also ask each provider a question of a few tokens; that costs a little." };
        var json = new Option<bool>("--json") { Description = "Print {ok, findings[{link, subject, status, evidence, mend}]} as JSON." };
        var bundle = new Option<FileInfo?>("--bundle") { Description = "Also write a zip file for whoever helps; it holds no secret, question or answer." };
        var command = new Command("doctor", "Look at every link from the client to the provider.") { probe, json, bundle };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(probe), parsed.GetValue(json), parsed.GetValue(bundle), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool probe, bool json, FileInfo? bundle, CancellationToken cancellationToken)
    {
        var settings = SettingsLoader.Load(SettingsSources.FromProcess());
        var redactor = Redactor.For(settings.Settings, TokenFile.TryRead(settings.Settings.Home));
        var findings = (await new Examination(settings, probe, TimeProvider.System).RunAsync(cancellationToken))
            .Select(finding => finding with { Evidence = redactor.Clean(finding.Evidence), Mend = finding.Mend is null ? null : redactor.Clean(finding.Mend) }).ToList();
        var broken = findings.Count(finding => finding.Status == FindingStatus.Broken);
        var document = AsJson(findings, broken == 0).ToJsonString(ToolResults.Json);
        if (json)
        {
            Terminal.Print(document);
        }
        else
        {
            Show(findings, broken);
        }

        if (bundle is not null)
        {
            try
            {
                await SupportBundle.WriteAsync(bundle.FullName, document, settings, redactor, cancellationToken);
                Terminal.Explain($"{bundle.FullName} is written. Look through it before you send it.");
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                Terminal.Explain($"{bundle.FullName} could not be written: {failure.Message}");
                return ExitCodes.Failed;
            }
        }

        return broken == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static JsonObject AsJson(IReadOnlyList<Finding> findings, bool ok)
    {
        var list = new JsonArray();
        foreach (var finding in findings)
        {
            var entry = new JsonObject
            {
                ["link"] = finding.Link,
                ["subject"] = finding.Subject,
                ["status"] = finding.Status.ToString().ToLowerInvariant(),
                ["evidence"] = finding.Evidence,
            };
            if (finding.Mend is not null)
            {
                entry["mend"] = finding.Mend;
            }

            list.Add((JsonNode)entry);
        }

        return new JsonObject { ["ok"] = ok, ["findings"] = list };
    }

    private static void Show(IReadOnlyList<Finding> findings, int broken)
    {
        foreach (var finding in findings)
        {
            var mark = finding.Status switch
            {
                FindingStatus.Ok => "[green]ok     [/]",
                FindingStatus.Warning => "[yellow]warning[/]",
                _ => "[red]broken [/]",
            };
            Terminal.Output.MarkupLine($"{mark}  {Markup.Escape(finding.Link),-8}  {Markup.Escape(finding.Subject)}: {Markup.Escape(finding.Evidence)}");
            if (finding.Mend is not null)
            {
                Terminal.Output.MarkupLine($"                   → {Markup.Escape(finding.Mend)}");
            }
        }

        var warnings = findings.Count(finding => finding.Status == FindingStatus.Warning);
        Terminal.Print(broken > 0 ? $"{broken} broken, {warnings} warnings. Mend the first broken one first." : $"Nothing is broken, {warnings} warnings.");
    }
}
