/**
 * `CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAME=a' CAP_ARGS='{"bandwidth":…}'` and `AddNetworkList` of Go's libcni 1.1.2 (Debian's
 * golang-github-appc-cni-dev 1.1.2-1): a bridge with host-local and bandwidth.
 */
export const LIBCNI_1_1: string = [
  '{"kind":"cniCacheV1","containerId":"pod1","config":"eyJjbmlWZXJzaW9uIjoiMS4wLjAiLCJuYW1lIjoiY25pY3Rs',
  'LWludGVyb3AiLCJwbHVnaW5zIjpbCiB7InR5cGUiOiJicmlkZ2UiLCJicmlkZ2UiOiJjbmljdGwyIiwiaXNHYXRld2F5Ijp0cnVl',
  'LCJjYXBhYmlsaXRpZXMiOnsiaXBzIjp0cnVlfSwiaXBhbSI6eyJ0eXBlIjoiaG9zdC1sb2NhbCIsImRhdGFEaXIiOiIvdG1wL2Nu',
  'aWN0bC1nL2lwYW0iLCJyYW5nZXMiOltbeyJzdWJuZXQiOiIxMC4yMTMuOC4wLzI0In1dXSwicm91dGVzIjpbeyJkc3QiOiIwLjAu',
  'MC4wLzAifV19fSwKIHsidHlwZSI6ImJhbmR3aWR0aCIsImNhcGFiaWxpdGllcyI6eyJiYW5kd2lkdGgiOnRydWV9fV19Cg==","i',
  'fName":"eth0","networkName":"cnictl-interop","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAME","a"]],',
  '"capabilityArgs":{"bandwidth":{"ingressBurst":8000000,"ingressRate":8000000}},"result":{"cniVersion"',
  ':"1.0.0","dns":{},"interfaces":[{"mac":"9a:be:ec:49:08:b1","name":"cnictl2"},{"mac":"ca:a8:a7:10:4c:',
  '5c","name":"vethcf3830ca"},{"mac":"ee:4e:4f:e5:32:e9","name":"eth0","sandbox":"/run/netns/cnictl-t2"',
  '}],"ips":[{"address":"10.213.8.2/24","gateway":"10.213.8.1","interface":2}],"routes":[{"dst":"0.0.0.',
  '0/0"}]}}',
].join('');

/** The same as libcni 1.3 has it, by `cachedInfo` in its libcni/api.go: with `netns`, and here without arguments. */
export const LIBCNI_1_3: string = [
  '{"kind":"cniCacheV1","containerId":"pod1","config":"eyJjbmlWZXJzaW9uIjoiMS4wLjAiLCJuYW1lIjoiY25pY3Rs',
  'LWludGVyb3AiLCJwbHVnaW5zIjpbCiB7InR5cGUiOiJicmlkZ2UiLCJicmlkZ2UiOiJjbmljdGwyIiwiaXNHYXRld2F5Ijp0cnVl',
  'LCJjYXBhYmlsaXRpZXMiOnsiaXBzIjp0cnVlfSwiaXBhbSI6eyJ0eXBlIjoiaG9zdC1sb2NhbCIsImRhdGFEaXIiOiIvdG1wL2Nu',
  'aWN0bC1nL2lwYW0iLCJyYW5nZXMiOltbeyJzdWJuZXQiOiIxMC4yMTMuOC4wLzI0In1dXSwicm91dGVzIjpbeyJkc3QiOiIwLjAu',
  'MC4wLzAifV19fSwKIHsidHlwZSI6ImJhbmR3aWR0aCIsImNhcGFiaWxpdGllcyI6eyJiYW5kd2lkdGgiOnRydWV9fV19Cg==","i',
  'fName":"eth0","networkName":"cnictl-interop","netns":"/run/netns/blue","result":{"cniVersion":"1.0.0',
  '","dns":{},"interfaces":[{"mac":"9a:be:ec:49:08:b1","name":"cnictl2"},{"mac":"ca:a8:a7:10:4c:5c","na',
  'me":"vethcf3830ca"},{"mac":"ee:4e:4f:e5:32:e9","name":"eth0","sandbox":"/run/netns/cnictl-t2"}],"ips',
  '":[{"address":"10.213.8.2/24","gateway":"10.213.8.1","interface":2}],"routes":[{"dst":"0.0.0.0/0"}]}',
  '}',
].join('');

/** As libcni 0.7 had it: the result and nothing else. */
export const BARE_RESULT: string = [
  '{"cniVersion":"1.0.0","dns":{},"interfaces":[{"mac":"9a:be:ec:49:08:b1","name":"cnictl2"},{"mac":"ca',
  ':a8:a7:10:4c:5c","name":"vethcf3830ca"},{"mac":"ee:4e:4f:e5:32:e9","name":"eth0","sandbox":"/run/net',
  'ns/cnictl-t2"}],"ips":[{"address":"10.213.8.2/24","gateway":"10.213.8.1","interface":2}],"routes":[{',
  '"dst":"0.0.0.0/0"}]}',
].join('');
