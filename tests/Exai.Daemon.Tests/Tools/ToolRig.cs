using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Tools;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Settings;
using Exai.Simulator;
using Exai.Testing;

namespace Exai.Daemon.Tests.Tools;

/// <summary>A daemon's core with all its tools, GLM and Kimi at the simulator: from the call to the provider's wire and back.</summary>
internal sealed class ToolRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("exai-tools-").FullName;
    private readonly ListLogger _log = new();

    private ToolRig(SimulatorServer provider) => Provider = provider;

    public SimulatorServer Provider { get; }

    public DaemonCore Core { get; private set; } = null!;

    public ExaiSettings Settings { get; private set; } = null!;

    /// <summary>Method and path of every request to a provider, in order.</summary>
    public IReadOnlyList<string> Routes => [.. Provider.Log.Requests.Select(request => $"{request.Method} {request.Path}")];

    public static async Task<ToolRig> StartAsync(params SimulatorRule[] rules)
    {
        var rig = new ToolRig(await SimulatorServer.StartAsync(new SimulatorOptions { Script = new SimulatorScript { Rules = rules } }));
        var loaded = SettingsLoader.Load(new SettingsSources
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["HOME"] = rig._folder,
                ["EXAI_HOME"] = Path.Combine(rig._folder, "home"),
                ["TOOL_PROFILE"] = "full",
                ["GLM_API_KEY"] = "0123456789abcdef.s3cr3ts3cr3tXYZ",
                ["GLM_API_URL"] = rig.Provider.GlmBaseUrl.ToString(),
                ["KIMI_API_KEY"] = "sk-0123456789abcdef-s3cr3t",
                ["KIMI_API_URL"] = rig.Provider.KimiBaseUrl.ToString(),
            },
        });
        loaded.Problems.ShouldBeEmpty();
        rig.Settings = loaded.Settings;
        rig.Settings.Home.EnsureCreated();
        rig.Core = new DaemonCore(
            rig.Settings, await DaemonStore.OpenAsync(rig.Settings, alone: true, TimeProvider.System, rig._log), "0199aaaa-0000-7000-8000-000000000000", TimeProvider.System, rig._log);
        return rig;
    }

    /// <summary>As the shim does: the bytes into the store, their hash into the call.</summary>
    public Task<AttachedFile> SendAsync(string argument, string path, string text) => SendAsync(argument, path, Encoding.UTF8.GetBytes(text), "text/plain");

    public async Task<AttachedFile> SendAsync(string argument, string path, byte[] bytes, string mediaType)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        using var content = new MemoryStream(bytes);
        await Core.Blobs.WriteAsync(hash, content, Patience.Token());
        return new AttachedFile(argument, path) { Sha256 = hash, Bytes = bytes.Length, MediaType = mediaType };
    }

    /// <summary>The text that the client is given, a failed call's too.</summary>
    public async Task<string> CallAsync(string tool, object arguments, params AttachedFile[] files)
    {
        var call = new CallRequest
        {
            CallId = CallId.New(TimeProvider.System),
            Tool = tool,
            Arguments = arguments is string json ? JsonElement.Parse(json) : JsonSerializer.SerializeToElement(arguments),
            SessionId = "session",
            ClientName = "a client",
            Files = files,
        };
        try
        {
            using var attachment = Core.Tools.Attach(call);
            var result = attachment is null
                ? await Core.Tools.AnswerAsync(call, new CallWatch(), Patience.Token())
                : (await attachment.Outcome.WaitAsync(Patience.Token())).ToResult(attachment.How);
            return (string)result["content"]![0]!["text"]!;
        }
        catch (CallException failure)
        {
            return (string)Core.Tools.Failure(failure, tool, call.CallId)["content"]![0]!["text"]!;
        }
    }

    /// <summary>The JSON that a tool answers with, and nothing after it.</summary>
    public async Task<JsonElement> JsonAsync(string tool, object arguments, params AttachedFile[] files) =>
        JsonElement.Parse(await CallAsync(tool, arguments, files));

    public async ValueTask DisposeAsync()
    {
        await Core.DisposeAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _log.Errors.ShouldBeEmpty();
    }
}
