using System.CommandLine;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Settings;
using Exai.Shim;
using Exai.Shim.Lifecycle;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai ask</c>: one question through the real path. A shim runs in this process and does what it does for every client: find or
/// start the daemon, keep the call alive, deliver the answer once.
/// </summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var text = new Argument<string>("text") { Description = "The question." };
        var model = new Option<string?>("--model", "-m") { Description = "A model's name or alias, provider/id, or auto." };
        var thread = new Option<string?>("--thread", "-t") { Description = "The continuation_id of an earlier answer, to go on with it." };
        var files = new Option<string[]>("--file", "-f")
        {
            Description = "A file or folder that the model is to read; may be given again. Images are shown as images.",
            HelpName = "path",
        };
        var json = new Option<bool>("--json") { Description = "Print {text, isError, receipt, error?} as JSON." };
        var command = new Command("ask", "Ask one question and print the answer and its receipt.") { text, model, thread, files, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var named = AskedFiles.Of(parsed.GetValue(files) ?? []);
            return RunAsync(Arguments(parsed.GetValue(text)!, parsed.GetValue(model), parsed.GetValue(thread), named), named, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(JsonObject arguments, AskedFiles files, bool json, CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.IsStopped(settings))
        {
            // A client's shim would wait for the daemon to come back; a person at a terminal can be told.
            Terminal.Explain(DaemonStarter.StoppedNote);
            return ExitCodes.Failed;
        }

        var answer = await AskAsync(arguments, files, cancellationToken);
        if (json)
        {
            Terminal.Print(answer.ToJson().ToJsonString(ToolResults.Json));
        }
        else if (answer.IsError)
        {
            Terminal.Explain(answer.Text);
        }
        else
        {
            Terminal.Print(answer.Text);
            if (answer.Receipt is not null)
            {
                Terminal.Errors.Write(ReceiptTable.From(answer.Receipt));
            }
        }

        return answer.IsError ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static async Task<ToolResultView> AskAsync(JsonObject arguments, AskedFiles files, CancellationToken cancellationToken)
    {
        var toShim = new Pipe();
        var fromShim = new Pipe();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var shim = ServeAsync(toShim.Reader, fromShim.Writer, leave.Token);
        using var client = new McpClient(toShim.Writer.AsStream(), fromShim.Reader.AsStream()) { Roots = files.Roots };
        try
        {
            return await Terminal.Errors.Status().StartAsync("asking…", async status =>
            {
                await client.InitializeAsync(cancellationToken);
                return ToolResultView.From(await client.CallToolAsync("chat", arguments, progress => status.Status(Markup.Escape(progress)), cancellationToken));
            });
        }
        finally
        {
            leave.Cancel();
            await shim;
        }
    }

    private static async Task ServeAsync(PipeReader input, PipeWriter output, CancellationToken leave)
    {
        try
        {
            await ShimSession.RunAsync(
                () => SettingsLoader.Load(SettingsSources.FromProcess()), input.AsStream(), output.AsStream(leaveOpen: true),
                NullLogger.Instance, TimeProvider.System, Chance.New(), leave);
        }
        finally
        {
            // Whoever waits for an answer learns that none will come.
            await output.CompleteAsync();
        }
    }

    private static JsonObject Arguments(string text, string? model, string? thread, AskedFiles files)
    {
        var arguments = new JsonObject { ["prompt"] = text };
        if (model is not null)
        {
            arguments["model"] = model;
        }

        if (thread is not null)
        {
            arguments["continuation_id"] = thread;
        }

        files.AddTo(arguments);
        return arguments;
    }
}
