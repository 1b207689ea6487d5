using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Cli.Doctor;

/// <summary>
/// Each provider: its name, its TLS, its key, its default model, its quota. Costs nothing; a probe asks each one a question of a few tokens.
/// </summary>
internal static class ProviderCheck
{
    private const string Link = "provider";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(90);

    public static async Task<IReadOnlyList<Finding>> LookAsync(ExaiSettings settings, bool probe, TimeProvider time, CancellationToken cancellationToken)
    {
        var catalogue = ModelCatalogue.Load().With(settings.DescribedModels);
        var configured = new ConfiguredProviders(settings, catalogue, time);
        var providers = configured.All();
        try
        {
            if (providers.Count == 0)
            {
                return [Finding.Broken(Link, "any", "No provider has a key.", NoProvider.Advice)];
            }

            var lists = new LiveModelLists(time);
            var findings = await Task.WhenAll(providers.Select(provider => LookAsync(provider, Address(settings, provider), catalogue, lists, probe, time, cancellationToken)));
            return [.. findings.SelectMany(found => found)];
        }
        finally
        {
            foreach (var provider in providers)
            {
                provider.Client.Dispose();
            }
        }
    }

    private static async Task<IReadOnlyList<Finding>> LookAsync(
        ModelProvider provider, Uri address, ModelCatalogue catalogue, LiveModelLists lists, bool probe, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        if (await ReachAsync(provider.Name, address, findings, either.Token))
        {
            await AskForModelsAsync(provider, catalogue, lists, findings, cancellationToken);
            await AskForQuotaAsync(provider, findings, either.Token);
            if (probe)
            {
                findings.Add(await ProbeAsync(provider, time, cancellationToken));
            }
        }

        return findings;
    }

    /// <summary>Name and TLS; through a proxy both are its business.</summary>
    private static async Task<bool> ReachAsync(string name, Uri address, List<Finding> findings, CancellationToken cancellationToken)
    {
        if (HttpClient.DefaultProxy.GetProxy(address) is { } proxy && proxy != address)
        {
            findings.Add(Finding.Ok(Link, $"{name}: way", $"through the proxy {proxy.Host}:{proxy.Port}"));
            return true;
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(address.DnsSafeHost, cancellationToken);
            findings.Add(Finding.Ok(Link, $"{name}: DNS", $"{address.Host} is {addresses[0]}{(addresses.Length > 1 ? $" and {addresses.Length - 1} more" : "")}"));
            using var connection = new TcpClient();
            await connection.ConnectAsync(addresses, address.Port, cancellationToken);
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                await using var tls = new SslStream(connection.GetStream());
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.DnsSafeHost }, cancellationToken);
                findings.Add(Finding.Ok(Link, $"{name}: TLS", $"{tls.SslProtocol}, certificate until {tls.RemoteCertificate?.GetExpirationDateString()}"));
            }
            else
            {
                findings.Add(address.IsLoopback
                    ? Finding.Ok(Link, $"{name}: way", $"{address.Authority} answers, without TLS on this machine")
                    : Finding.Warning(Link, $"{name}: TLS", $"{address.Authority} is asked without TLS: keys and questions can be read on the way.", "Use https in its address."));
            }

            return true;
        }
        catch (SocketException failure)
        {
            findings.Add(Finding.Broken(Link, $"{name}: way", $"{address.Authority}: {failure.Message}", "Check the address, the network, and whether a proxy is needed (HTTPS_PROXY)."));
        }
        catch (AuthenticationException failure)
        {
            findings.Add(Finding.Broken(Link, $"{name}: TLS", $"{address.Authority}: {failure.Message}", "Check the system's certificates and clock, and whether something intercepts TLS."));
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return false;
    }

    /// <summary>Where its default model is set.</summary>
    private static string Setting(string provider) => provider is "glm" or "kimi" ? $"{provider.ToUpperInvariant()}_DEFAULT_MODEL" : "the providers file";

    private static async Task AskForModelsAsync(
        ModelProvider provider, ModelCatalogue catalogue, LiveModelLists lists, List<Finding> findings, CancellationToken cancellationToken)
    {
        if (await lists.GetAsync(provider, cancellationToken) is not { } list)
        {
            findings.Add(Finding.Ok(Link, $"{provider.Name}: key", "it has no list of models to try the key with"));
            return;
        }

        if (list.Failure is { } failure)
        {
            findings.Add(Finding.Broken(Link, $"{provider.Name}: key", failure, $"Check the key and the address ({provider.Origin})."));
            return;
        }

        findings.Add(Finding.Ok(Link, $"{provider.Name}: key", $"accepted; {list.Models.Count} models are served"));
        if (provider.PreferredModels is [var model, ..])
        {
            findings.Add(list.Lacks(model)
                ? Finding.Warning(
                    Link, $"{provider.Name}: model", $"The default model {model} is no longer served.",
                    $"Name another in {Setting(provider.Name)}{(list.InPlaceOf(model, catalogue.Find(model)?.Successor) is { } near ? $", such as {near}" : "")}.")
                : Finding.Ok(Link, $"{provider.Name}: model", $"{model} is served"));
        }
    }

    private static async Task AskForQuotaAsync(ModelProvider provider, List<Finding> findings, CancellationToken cancellationToken)
    {
        var subject = $"{provider.Name}: quota";
        try
        {
            if (provider.Client.GetService(typeof(IProviderBalance)) is IProviderBalance account)
            {
                var balance = await account.ReadAsync(cancellationToken);
                var text = string.Create(CultureInfo.InvariantCulture, $"{balance.Available:0.00} {balance.Currency} available");
                findings.Add(balance.Available > 0 ? Finding.Ok(Link, subject, text) : Finding.Broken(Link, subject, text, "Top the account up at the provider."));
            }
            else if (provider.Client.GetService(typeof(IPlanUsage)) is IPlanUsage plan)
            {
                var usage = await plan.ReadAsync(cancellationToken);
                var used = usage.Limits.Count == 0 ? 0 : usage.Limits.Max(window => window.Percentage);
                var text = string.Create(CultureInfo.InvariantCulture, $"plan {usage.Level ?? "unknown"}, {used:0} % used");
                findings.Add(used < 100 ? Finding.Ok(Link, subject, text) : Finding.Broken(Link, subject, text, "Wait for the plan's reset, or use another key."));
            }
        }
        catch (ProviderException failure)
        {
            // A key without a plan is a good key.
            findings.Add(Finding.Ok(Link, subject, $"not told: {failure.Message}"));
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task<Finding> ProbeAsync(ModelProvider provider, TimeProvider time, CancellationToken cancellationToken)
    {
        var subject = $"{provider.Name}: probe";
        if (provider.PreferredModels is not [var model, ..])
        {
            return Finding.Warning(Link, subject, "It has no default model to ask.", "Name one of its models in providers.json.");
        }

        var began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(ProbePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var options = new ChatOptions { ModelId = model, MaxOutputTokens = 16 };
            await foreach (var _ in provider.Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Answer with the word ok.")], options, either.Token))
            {
            }

            return Finding.Ok(Link, subject, $"{model} answered after {time.GetElapsedTime(began).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
        }
        catch (ProviderException failure)
        {
            return Finding.Broken(Link, subject, failure.Message, "See the message.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Finding.Broken(Link, subject, $"{model} did not answer within {ProbePatience.TotalSeconds:0} s.", "Try again later, or another model.");
        }
    }

    private static Uri Address(ExaiSettings settings, ModelProvider provider) =>
        provider.Name == settings.Glm.Name ? settings.Glm.BaseUrl
        : provider.Name == settings.Kimi.Name ? settings.Kimi.BaseUrl
        : settings.Endpoints.All.First(endpoint => endpoint.Name == provider.Name).BaseUrl;
}
